"use strict";
(() => {
  const REACTION_MS = 150; // nobody has read a row sooner: a key that comes before was meant for another one
  const FIELDS = ".row textarea, .row [name=exact]"; // what is written there is saved with a mark
  const rows = () => Array.from(document.querySelectorAll(".row"));
  const here = () => location.pathname + location.search;
  const said = document.body.dataset;
  const saving = new Map(); // by the row's id: where to go on when its mark is saved
  const writtenIn = new Map(); // by the row's id: the field that was written in when it was sent
  let current = "";
  let shownAt = Infinity;
  let leaving = false;
  let dropped = false;

  const row = () => document.getElementById(current);
  const focused = () => document.activeElement?.closest(".row");

  const notice = (text) => {
    document.getElementById("notice").textContent = text;
  };

  // --- the row that has the focus -----------------------------------------------------------------------------------

  const shown = () => {
    said.ready = "no";
    shownAt = Infinity;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      shownAt = performance.now();
      setTimeout(() => {
        if (!saving.size && performance.now() - shownAt >= REACTION_MS) said.ready = "yes";
      }, REACTION_MS);
    }));
  };

  const leave = () => {
    leaving = true;
    said.ready = "no";
  };

  const stay = () => {
    if (leaving) shown();
    leaving = false;
  };

  const highlight = (element) => {
    for (const other of document.querySelectorAll(".row.current")) other.classList.remove("current");
    current = element.id;
    element.classList.add("current");
    sessionStorage.setItem("row", current);
  };

  const folded = (element) => element?.closest("[data-fold]:not([open])");

  const unfold = (element) => {
    const fold = folded(element);
    if (!fold) return;
    fold.open = true;
    shown();
  };

  const choose = (element, scroll = true) => {
    if (!element) return;
    unfold(element);
    highlight(element);
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
  };

  const step = (by) => {
    stay();
    const all = rows();
    const at = all.findIndex((one) => one.id === current);
    choose(all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]);
  };

  const openAfter = (element) => {
    const all = rows();
    const at = all.indexOf(element);
    return all.slice(at + 1).concat(all.slice(0, Math.max(at, 0))).find((one) => one.classList.contains("open"));
  };

  // --- what keys do -------------------------------------------------------------------------------------------------

  const unsaved = () =>
    Array.from(document.querySelectorAll(FIELDS)).find((field) => field.value !== field.defaultValue);

  const mark = (selector) => {
    dropped = saving.size > 0 || leaving || performance.now() - shownAt < REACTION_MS;
    if (dropped) return notice(said.wait);
    if (!focused()) return notice(said.choose);
    notice("");
    focused().querySelector(selector)?.click();
  };

  // Nothing is done that would lose what is typed, or that overtakes a mark.
  const holdsUnsaved = () => {
    const field = unsaved();
    if (!field) return false;
    unfold(field);
    field.closest("details").open = true;
    field.focus();
    notice(said.unsaved);
    return true;
  };

  const go = (element) => {
    if (!element) return;
    if (saving.size) return notice(said.wait);
    if (holdsUnsaved()) return;
    if (element.matches("a")) leave();
    else stay();
    element.click();
  };

  const comment = () => {
    const chosen = row();
    if (!chosen || chosen.inert) return notice(chosen ? said.wait : said.choose);
    unfold(chosen);
    chosen.querySelector(".more").open = true;
    chosen.querySelector("[data-comment]").focus();
  };

  const help = document.getElementById("help");
  const accepting = () => row()?.closest(".answer").querySelector("[data-accept]") || document.querySelector("#accept [data-accept]");
  const marking = { 0: '[data-key="0"]', 1: '[data-key="1"]', 2: '[data-key="2"]', Enter: "[data-proposed]" };
  const keys = {
    j: () => step(1),
    ArrowDown: () => step(1),
    k: () => step(-1),
    ArrowUp: () => step(-1),
    n: () => {
      const open = openAfter(row());
      if (open) choose(open);
      else go(Array.from(document.querySelectorAll("[data-next]")).pop());
    },
    c: comment,
    u: () => go(document.querySelector("[data-undo]")),
    m: () => row()?.closest(".answer").querySelector("[data-model]")?.click(),
    A: () => go(accepting()),
    "/": () => document.getElementById("words").focus(),
    "?": () => help.showModal(),
  };
  const deeds = new Set(["n", "c", "u", "m", "A", "/", "?"]);
  const held = new Set(); // keys that went down outside a field: what they repeat is not typed into it

  document.addEventListener("keyup", (event) => held.delete(event.key));
  addEventListener("blur", () => held.clear());

  document.addEventListener("keydown", (event) => {
    const inField = event.target.matches("input, textarea, select");
    if (event.repeat && inField && held.has(event.key)) return event.preventDefault();
    if (event.ctrlKey && event.key === "Enter" && event.target.matches(FIELDS)) {
      event.preventDefault();
      if (!event.repeat) event.target.closest(".row").querySelector("[data-save]").click();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || help.open) return;
    if (inField) {
      if (event.key === "Escape") choose(event.target.closest(".row") || row());
      return;
    }
    held.add(event.key);
    if (event.key === "Enter" && event.target.matches("button, a, summary")) return;
    const marks = Object.hasOwn(marking, event.key);
    if (!marks && !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    if (event.repeat && (marks || deeds.has(event.key))) return;
    if (marks) mark(marking[event.key]);
    else keys[event.key]();
  });

  // A comment decides nothing: it is saved with points, given now or before.
  document.addEventListener("click", (event) => {
    const save = event.target.closest?.('.row button[name="points"][value=""]');
    const given = save && [save.form.elements.exact, save.form.elements.now].some((field) => field.value.trim());
    if (!save || given) return;
    event.preventDefault();
    event.stopPropagation();
    notice(said.points);
    if (save.form.querySelector("details").open) save.form.elements.exact.focus();
  }, true);

  // What takes the rows away takes what is written in them along.
  document.addEventListener("click", (event) => {
    if (saving.size || !event.target.closest?.("[data-accept], [data-undo], [data-next], .cause button") || !holdsUnsaved()) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  document.addEventListener("focusin", (event) => {
    const inside = event.target.closest?.(".row");
    if (inside && inside.id !== current) highlight(inside);
  });

  document.addEventListener("pointerdown", stay);

  document.addEventListener("click", (event) => {
    if (event.target.closest("#help-button")) help.showModal();
    const reuse = event.target.closest("[data-reuse]");
    if (reuse) {
      const field = reuse.closest(".row").querySelector("[data-comment]");
      field.value = reuse.textContent;
      field.focus();
    }
  });

  addEventListener("beforeunload", (event) => {
    if (unsaved() && !saving.size) event.preventDefault();
    else leave();
  });

  // --- marks under way ----------------------------------------------------------------------------------------------

  document.addEventListener("htmx:beforeRequest", (event) => {
    const marked = event.detail.elt;
    if (!marked.matches(".row")) return;
    const all = rows();
    const following = marked.classList.contains("open") ? openAfter(marked) : all[all.indexOf(marked) + 1];
    saving.set(marked.id, (following || marked).id);
    const at = document.activeElement;
    writtenIn.set(marked.id, marked.contains(at) && at.matches(FIELDS) ? at : null);
    said.ready = "no";
    marked.inert = true; // it is about to be replaced, with whatever would be typed into it
  });

  const settled = (id) => {
    const to = saving.get(id);
    saving.delete(id);
    const refused = document.getElementById("notice").textContent !== "";
    const moved = current !== id && row() && !saving.has(current);
    const typing = document.activeElement?.matches("input, textarea, select");
    const next = document.getElementById(refused ? id : moved ? current : to);
    if (!typing) choose(next && !next.inert ? next : document.getElementById(id));
    if (dropped && !refused) notice(said.wait);
    dropped = false;
    shown();
  };

  document.addEventListener("htmx:afterSettle", (event) => {
    if (saving.has(event.target.id)) settled(event.target.id);
    else if (event.target.id === "main") {
      choose(row() || (folded(rows()[0]) ? null : rows()[0]), false);
      shown();
    }
  });

  // A row that is being written in stays as it is, whatever was proposed anew.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const target = event.detail.target;
    if (target.matches(".row") && (target.contains(unsaved()) || (focused() === target && document.activeElement !== target))) {
      event.detail.shouldSwap = false;
    }
  });

  const failed = (event) => {
    const tried = event.detail.elt;
    if (saving.delete(tried.id)) {
      tried.inert = false;
      const field = writtenIn.get(tried.id); // whoever wrote there goes on writing there
      if (field) field.focus();
      else if (!document.activeElement?.matches("input, textarea, select")) choose(tried, false);
      shown();
    }
    stay();
    const answer = event.detail.xhr?.responseText || "";
    notice(`${said.failed} ${answer.length < 200 ? answer : ""}`);
  };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
  document.addEventListener("htmx:swapError", failed);

  document.addEventListener("undone", (event) => {
    sessionStorage.setItem("row", event.detail.row);
    sessionStorage.setItem("notice", event.detail.notice);
    if (event.detail.where === here()) location.reload();
    else location.assign(event.detail.where);
  });

  // --- the page is there --------------------------------------------------------------------------------------------

  const before = sessionStorage.getItem("notice");
  if (before) {
    notice(before);
    sessionStorage.removeItem("notice");
  }
  const remembered = document.getElementById(sessionStorage.getItem("row"));
  const first = rows().find((one) => one.classList.contains("open")) || rows()[0];
  choose(remembered?.matches(".row") ? remembered : folded(first) ? null : first, Boolean(remembered));
  shown();
})();
