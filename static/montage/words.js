// What the montage says beside its grid: what was chosen, counts, empty states.

import { read, write } from "../desk/journal.js";
import { find } from "../dom.js";

const KEPT_SIDE = "somata.montage.side";

/** @typedef {import("./pages.js").Choice} Choice */

/** What is chosen, now; `changed` is called whenever it changes. @param {() => void} changed */
export function choiceOf(changed) {
  const label = find("select[data-class]", HTMLSelectElement);
  const side = find("select[data-side-choice]", HTMLSelectElement);
  const recording = find("select[data-recording]", HTMLSelectElement);
  const kept = read(KEPT_SIDE);
  const main = find("main");
  if (kept && [...side.options].some((option) => option.value === kept)) side.value = kept;
  /** @returns {Choice} */
  const chosen = () => ({
    label: Number(label.value),
    count: Number(side.value) ** 2,
    recording: recording.value ? Number(recording.value) : null,
    selection: Number(main.dataset.selection) || null,
  });
  const choice = { now: chosen() };
  for (const select of [label, side, recording]) {
    select.addEventListener("change", () => {
      write(KEPT_SIDE, side.value);
      select.blur();
      choice.now = chosen();
      changed();
    });
  }
  return choice;
}

/** @param {import("./pages.js").Ready} page */
export function working(page) {
  find("[data-work]").hidden = false;
  find("[data-empty]").hidden = true;
  const by = page.run === null ? "by shape and trace, process-likeness" : `by run ${page.run}, confidence`;
  find("[data-why]").textContent = `${by} from ${Math.round(page.threshold * 100)}%`;
  find("[data-left]").textContent = String(page.above);
}

/** @param {import("./pages.js").Ready} page @param {import("./sheet.js").Mark} brush @param {boolean} again */
export function progress({ sheet }, brush, again) {
  for (const button of document.querySelectorAll("[data-mark-as]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-mark-as") === String(brush)));
  const name = nameOf(sheet.label);
  find("[data-confirm]").textContent = again ? "Back to the page to confirm" : `Confirm ${sheet.confirmed} ${name}`;
  const exceptions = sheet.marks.size;
  find("[data-exceptions]").textContent = exceptions === 0 ? "no exceptions" : exceptions === 1 ? "1 exception" : `${exceptions} exceptions`;
  find("[data-undo]").textContent = again ? "Take the page back" : "Last page";
  find("[data-undo-one]").hidden = !again;
  find("[data-review]").hidden = !again;
}

/** @param {number} label */
function nameOf(label) {
  return find(`[data-class] option[value="${label}"]`, HTMLOptionElement).text;
}

/** @param {Choice} choice @param {import("./pages.js").Empty} page */
export function empty(choice, page) {
  find("[data-work]").hidden = true;
  find("[data-empty]").hidden = false;
  const name = nameOf(choice.label);
  const [title, text] = emptyWords(choice, page, name);
  find("[data-empty-title]").textContent = title;
  find("[data-empty-text]").textContent = text;
}

/** @param {Choice} choice @param {import("./pages.js").Empty} page @param {string} name @returns {[string, string]} a title and what to do */
function emptyWords(choice, page, name) {
  if (find("select[data-recording]", HTMLSelectElement).options.length < 2) return ["Nothing to confirm yet", "There are no recordings yet. An admin of your lab imports them, or loads the demo, from the overview."];
  if (page.above > 0) return [`No ${name} are free`, `The ${page.above} that are sure enough are with others, in an open round, or you left them out.`];
  if (page.run === null && choice.label !== 2) return [`Too early for ${name}`, "Before a model is trained, only processes can be told by shape and trace. Confirm those, label some of the others one by one, then train."];
  if (choice.selection !== null) return [`No ${name} among the chosen`, "What is left of them is believed to be of another class: choose it above. What has an answer is not shown."];
  const sure = `${Math.round(page.threshold * 100)}%`;
  if (choice.recording !== null) return [`No ${name} from ${sure} in this recording`, "Choose another class or recording above, or label the rest one by one."];
  return [`No ${name} from ${sure}`, "All that are sure enough are labeled. Choose another class above, label the hard ones one by one, then train again. An admin may lower the threshold."];
}
