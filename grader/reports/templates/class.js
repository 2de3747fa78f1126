"use strict";
(() => {
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const search = document.getElementById("search");
  const onlyWaiting = document.getElementById("only-waiting");
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const names = rows.map((row) => folded(row.dataset.find));

  const filter = () => {
    const wanted = folded(search.value.trim());
    let visible = 0;
    rows.forEach((row, number) => {
      row.hidden = !names[number].includes(wanted) || (onlyWaiting.checked && !row.hasAttribute("data-waits"));
      visible += row.hidden ? 0 : 1;
    });
    document.getElementById("count").textContent = `${visible} / ${rows.length}`;
  };

  const isText = (column) => !table.tHead.rows[0].cells[column].classList.contains("num");
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.sort ?? cell.textContent.replace("?", "").replace(",", ".").trim();
    return isText(column) ? text : Number.isNaN(Number(text)) ? -1 : Number(text);
  };

  const sort = (header, column) => {
    const up = header.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const compare = isText(column)
      ? new Intl.Collator(document.documentElement.lang, { numeric: true }).compare
      : (one, two) => one - two;
    const keyed = rows.map((row) => [value(row, column), row]);
    keyed.sort((one, two) => compare(one[0], two[0]) * (up ? 1 : -1));
    body.append(...keyed.map((pair) => pair[1]));
  };

  Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.replaceChildren(button);
    button.addEventListener("click", () => sort(header, column));
  });
  document.getElementById("tools").addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", filter);
  onlyWaiting.addEventListener("change", filter);
  document.getElementById("tools").hidden = false;
  filter();
})();
