// Importing: one file after another, with progress and what came of each.

/** @typedef {{element: HTMLElement, file: File, request: XMLHttpRequest | null, cancelled: boolean}} Upload */

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const drop = /** @type {HTMLElement} */ (document.querySelector("[data-drop]"));
const list = /** @type {HTMLElement} */ (document.querySelector("[data-files]"));
const chooser = /** @type {HTMLInputElement} */ (document.querySelector("#files"));
const radius = /** @type {HTMLInputElement} */ (document.querySelector("[data-radius]"));
const template = /** @type {HTMLTemplateElement} */ (document.querySelector("[data-file-template]"));
const maxMb = Number(main.dataset.maxMb);

/** @type {Upload[]} */
const waiting = [];
let busy = false;

function take() {
  const files = [...(chooser.files || [])];
  chooser.value = "";
  add(files);
}

chooser.addEventListener("change", take);
// What was chosen before this module had come.
take();

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const items = [...(event.dataTransfer?.items || [])].filter((item) => item.kind === "file");
  const folders = items.flatMap((item) => item.webkitGetAsEntry() || []).filter((entry) => entry.isDirectory);
  for (const folder of folders) explainFolder(folder.name);
  const names = new Set(folders.map((folder) => folder.name));
  add([...(event.dataTransfer?.files || [])].filter((file) => !names.has(file.name)));
});

/** @param {string} name */
function explainFolder(name) {
  const element = row(name, "folder");
  finish(element, `A folder cannot be sent as it is. Zip ${name} and drop ${name}.zip, or run: ./somata import ${name}`, true);
}

/** @param {File[]} files */
function add(files) {
  for (const file of files) {
    const element = row(file.name, size(file.size));
    const upload = { element, file, request: null, cancelled: false };
    part(element, "[data-cancel]").addEventListener("click", () => cancel(upload));
    if (file.size > maxMb * 1024 * 1024) {
      finish(element, `${file.name} is larger than the ${maxMb} MB that may be uploaded. Run ./somata import on the machine that has it.`, true);
      continue;
    }
    part(element, "[data-status]").textContent = "Waiting.";
    waiting.push(upload);
  }
  next();
}

/** One at a time: two large files at once would only slow each other down. */
function next() {
  const upload = busy ? undefined : waiting.shift();
  if (!upload) return;
  if (upload.cancelled) {
    next();
    return;
  }
  busy = true;
  send(upload);
}

/** @param {Upload} upload */
function send(upload) {
  const form = new FormData();
  form.append("file", upload.file);
  if (radius.value.trim()) form.append("neuron_radius_px", radius.value.trim().replace(",", "."));
  const request = new XMLHttpRequest();
  upload.request = request;
  const bar = /** @type {HTMLProgressElement} */ (part(upload.element, "[data-bar]"));
  const status = part(upload.element, "[data-status]");
  request.upload.addEventListener("progress", (event) => {
    bar.value = event.loaded / Math.max(event.total, 1);
    status.textContent = `${size(event.loaded)} of ${size(event.total)} sent`;
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    status.textContent = "Reading and storing.";
  });
  request.addEventListener("load", () => show(upload, request));
  request.addEventListener("error", () => finish(upload.element, "The connection broke. Nothing was stored; choose the file again.", true));
  request.addEventListener("abort", () => finish(upload.element, "Cancelled. Nothing was stored.", false));
  request.addEventListener("loadend", () => {
    busy = false;
    next();
  });
  request.open("POST", "/api/v1/recordings");
  request.setRequestHeader("Accept", "application/json");
  request.send(form);
}

/** @param {Upload} upload @param {XMLHttpRequest} request */
function show(upload, request) {
  /** @type {any} */
  let answer = {};
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    answer = { detail: `The server answered with status ${request.status}.` };
  }
  if (request.status === 401) {
    finish(upload.element, "Your session has ended. Sign in again, then choose the file again.", true);
  } else if (request.status >= 400) {
    finish(upload.element, answer.detail || answer.title || "The file was refused.", true);
  } else {
    const recordings = Array.isArray(answer.items) ? answer.items : [answer];
    const already = request.status === 200 ? "Already there: " : "";
    finish(upload.element, already + recordings.map(sentence).join(" "), false);
    for (const recording of recordings) details(part(upload.element, "[data-details]"), recording);
  }
}

/** @param {any} recording */
function sentence(recording) {
  const rejected = recording.rejected.length ? `, ${recording.rejected.length} rejected` : "";
  const labeled = recording.components - recording.labels.unlabeled;
  const labels = labeled ? `, ${labeled} with a label from the file` : "";
  return `${recording.components} components stored${labels}${rejected}.`;
}

/** @param {HTMLElement} place @param {any} recording */
function details(place, recording) {
  const link = document.createElement("a");
  link.href = `/recordings/${recording.id}`;
  link.textContent = recording.name;
  place.append(link);
  const lines = [
    ...recording.notes,
    ...recording.rejected.slice(0, 5).map((/** @type {any} */ one) => `component ${one.source_index}: ${one.reason}`),
  ];
  if (recording.rejected.length > 5) lines.push(`and ${recording.rejected.length - 5} more rejected`);
  if (!lines.length) return;
  const items = document.createElement("ul");
  items.className = "small quiet";
  for (const line of lines) {
    const item = document.createElement("li");
    item.textContent = line;
    items.append(item);
  }
  place.append(items);
}

/** @param {Upload} upload */
function cancel(upload) {
  upload.cancelled = true;
  if (upload.request) upload.request.abort();
  else finish(upload.element, "Cancelled. Nothing was stored.", false);
}

/** @param {string} name @param {string} what */
function row(name, what) {
  const element = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  part(element, "[data-name]").textContent = name;
  part(element, "[data-size]").textContent = what;
  list.prepend(element);
  return element;
}

/** @param {HTMLElement} element @param {string} text @param {boolean} bad */
function finish(element, text, bad) {
  part(element, "[data-bar]").hidden = true;
  part(element, "[data-cancel]").hidden = true;
  const status = part(element, "[data-status]");
  status.textContent = text;
  status.classList.toggle("danger-text", bad);
  element.dataset.outcome = bad ? "failed" : "done";
}

/** @param {HTMLElement} element @param {string} selector */
function part(element, selector) {
  return /** @type {HTMLElement} */ (element.querySelector(selector));
}

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} kB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
