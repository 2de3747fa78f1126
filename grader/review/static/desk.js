"use strict";
(() => {
  const rows = () => Array.from(document.querySelectorAll(".row"));
  const here = () => location.pathname + location.search;
  let current = "";
  let advance = null;
  let ahead = [];

  const row = () => document.getElementById(current);

  const choose = (element, scroll = true) => {
    for (const other of document.querySelectorAll(".row.current")) other.classList.remove("current");
    if (!element) return;
    current = element.id;
    element.classList.add("current");
    element.focus({ preventScroll: true });
    if (scroll) {
      const head = document.querySelector(".top");
      const top = (getComputedStyle(head).position === "sticky" ? head.offsetHeight : 0) + 8;
      const answer = element.closest(".answer").getBoundingClientRect();
      const own = element.getBoundingClientRect();
      const whole = answer.height < innerHeight - top - 16 ? answer : own;
      if (whole.top < top) scrollBy({ top: whole.top - top });
      else if (whole.bottom > innerHeight - 12) scrollBy({ top: Math.min(whole.bottom - innerHeight + 12, whole.top - top) });
    }
    sessionStorage.setItem("row", current);
  };

  const step = (by) => {
    const all = rows();
    const at = all.findIndex((one) => one.id === current);
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
    choose(next);
  };

  const nextOpen = () => {
    const all = rows();
    const at = all.findIndex((one) => one.id === current);
    return all.slice(at + 1).concat(all.slice(0, Math.max(at, 0))).find((one) => one.classList.contains("open"));
  };

  const next = () => {
    const open = nextOpen();
    if (open) choose(open);
    else Array.from(document.querySelectorAll("[data-next]")).pop()?.click();
  };

  const notice = (text) => {
    document.getElementById("notice").textContent = text;
  };

  const press = (selector) => {
    const button = row()?.querySelector(selector);
    if (button) button.click();
  };

  const marking = {
    0: () => press('[data-key="0"]'),
    1: () => press('[data-key="1"]'),
    2: () => press('[data-key="2"]'),
    Enter: () => press("[data-proposed]"),
  };

  const mark = (key) => {
    marking[key]();
    if (!advance) ahead = [];
  };

  const help = document.getElementById("help");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === "Enter" && event.target.matches("[data-comment]")) {
      event.preventDefault();
      event.target.closest(".row").querySelector("[data-save]").click();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
    if (event.target.matches("input, textarea, select")) {
      if (event.key === "Escape") (event.target.closest(".row") || document.body).focus();
      return;
    }
    const onControl = event.target.matches("button, a, summary");
    const keys = {
      j: () => step(1),
      ArrowDown: () => step(1),
      k: () => step(-1),
      ArrowUp: () => step(-1),
      n: next,
      c: () => {
        const more = row()?.querySelector(".more");
        if (!more) return;
        more.open = true;
        more.querySelector("[data-comment]").focus();
      },
      u: () => document.getElementById("undo").click(),
      m: () => row()?.closest(".answer").querySelector("[data-model]")?.click(),
      A: () => (row()?.closest(".answer").querySelector("[data-accept]") || document.querySelector("#accept [data-accept]"))?.click(),
      "/": () => document.getElementById("words").focus(),
      "?": () => help.showModal(),
    };
    if (Object.hasOwn(marking, event.key) && !(onControl && event.key === "Enter")) {
      if (event.repeat) return;
      if (advance) ahead.push(event.key); // meant for the row that comes next
      else mark(event.key);
    } else if (Object.hasOwn(keys, event.key)) keys[event.key]();
    else return;
    event.preventDefault();
  });

  document.addEventListener("focusin", (event) => {
    const inside = event.target.closest?.(".row");
    if (inside && inside.id !== current) {
      for (const other of document.querySelectorAll(".row.current")) other.classList.remove("current");
      inside.classList.add("current");
      current = inside.id;
      sessionStorage.setItem("row", current);
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("#help-button")) help.showModal();
    const reuse = event.target.closest("[data-reuse]");
    if (reuse) {
      const field = reuse.closest(".row").querySelector("[data-comment]");
      field.value = reuse.textContent;
      field.focus();
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const marked = event.target.closest?.(".row");
    if (!marked) return;
    const open = marked.classList.contains("open");
    const all = rows();
    const at = all.indexOf(marked);
    const rest = all.slice(at + 1).concat(all.slice(0, at));
    const target = open ? rest.find((one) => one.classList.contains("open")) : all[at + 1];
    advance = { from: marked.id, to: (target || marked).id };
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (advance && document.getElementById(advance.from)) {
      const refused = document.getElementById("notice").textContent !== "";
      choose(document.getElementById(refused ? advance.from : advance.to) || document.getElementById(advance.from));
      const waiting = refused || advance.to === advance.from ? [] : ahead;
      advance = null;
      ahead = waiting.slice(1);
      if (waiting.length) queueMicrotask(() => mark(waiting[0]));
    } else if (event.target.id === "main") {
      choose(row() || rows()[0], false);
    }
  });

  document.addEventListener("undone", (event) => {
    sessionStorage.setItem("row", event.detail.row);
    sessionStorage.setItem("notice", event.detail.notice);
    if (event.detail.where === here()) location.reload();
    else location.assign(event.detail.where);
  });

  const failed = (event) => {
    advance = null;
    ahead = [];
    const said = event.detail.xhr?.responseText || "";
    notice(`${document.body.dataset.failed} ${said.length < 200 ? said : ""}`);
  };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);

  const said = sessionStorage.getItem("notice");
  if (said) {
    notice(said);
    sessionStorage.removeItem("notice");
  }
  const remembered = document.getElementById(sessionStorage.getItem("row"));
  const start = remembered?.matches(".row") ? remembered : rows().find((one) => one.classList.contains("open")) || rows()[0];
  choose(start, Boolean(remembered));
  document.body.dataset.ready = "yes";
})();
