// The resident chat in the browser. Without this module the same page works as a plain form.
//
// An answer is drawn from the JSON object of POST /api/ask by cloning the page's <template>
// elements and setting textContent: nothing that anyone wrote is ever parsed as HTML.

const byId = (id) => document.getElementById(id);
const log = byId("log");
const composer = byId("composer");
const field = byId("text");
const send = byId("send");
const count = byId("count");
const problem = byId("problem");
const most = Number(field.dataset.most);
const PATIENCE = 30_000; // milliseconds until a silent server counts as a lost connection
const FOLD_FROM = 260; // characters; shorter articles are shown whole
const KEEP = 150; // characters of a folded article that stay visible, besides the marked ones
const LOST =
  "网络不通，问题没有送到。请检查网络后重试。正在被骗或有危险，不要等回答，请直接拨打 110。";
let waiting = false;

// ── small helpers ────────────────────────────────────────────────────────────────────────────

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function button(className, text, press) {
  const element = make("button", className, text);
  element.type = "button";
  element.addEventListener("click", press);
  return element;
}

function clone(template) {
  return byId(template).content.firstElementChild.cloneNode(true);
}

function slot(root, name) {
  return root.querySelector(`[data-slot="${name}"]`);
}

function fill(root, name, text) {
  const element = slot(root, name);
  if (text) element.textContent = text;
  else element.remove();
}

// crypto.randomUUID is missing on plain HTTP, which a county's intranet may use
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ── drawing an answer ────────────────────────────────────────────────────────────────────────

// Paragraphs of plain words; the answer's own hotlines become links.
function words(className, text, numbers) {
  const box = make("div", className);
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const paragraph = make("p", /^[0-9]{1,2}\. /.test(line) ? "step" : "");
    for (const run of line.split(/([0-9]+(?:-[0-9]+)*)/)) {
      if (numbers.includes(run)) {
        const link = make("a", "", run);
        link.href = `tel:${run}`;
        paragraph.append(link);
      } else paragraph.append(run);
    }
    box.append(paragraph);
  }
  return box;
}

// Lines of an article (款, 项). `marked` counts code points, as the server does, not UTF-16 units.
function drawText(box, text, marked) {
  const [start, last] = marked || [0, 0];
  const end = Math.max(start, last); // a mark may be off, the words of the law never
  let offset = 0;
  for (const line of text.split("\n")) {
    const points = Array.from(line);
    const cut = (at) => Math.min(Math.max(at - offset, 0), points.length);
    const paragraph = make("p");
    const [before, inside, after] = [
      points.slice(0, cut(start)),
      points.slice(cut(start), cut(end)),
      points.slice(cut(end)),
    ].map((part) => part.join(""));
    paragraph.append(before);
    if (inside) paragraph.append(make("mark", "", inside));
    paragraph.append(after);
    if (line.trim()) box.append(paragraph);
    offset += points.length + 1;
  }
}

function drawArticle(article) {
  const card = clone("statute");
  slot(card, "law").textContent = article.law;
  slot(card, "article").textContent = article.article;
  fill(card, "path", article.labels.path);
  const text = slot(card, "text");
  text.replaceChildren();
  drawText(text, article.text, article.marked);
  fill(card, "note", article.note);
  slot(card, "status").textContent = article.labels.status;
  slot(card, "status").dataset.status = article.status;
  fill(card, "effective", article.labels.effective);
  slot(card, "version").textContent = article.labels.version;
  if (article.organ) slot(card, "organ").textContent = article.organ;
  else slot(card, "organ-line").remove();
  addTools(card);
  return card;
}

function drawCalls(calls, urgent) {
  const list = make("ul", urgent ? "calls calls-urgent" : "calls");
  list.setAttribute("aria-label", urgent ? "马上拨打" : "可以拨打的电话");
  for (const line of calls) {
    const item = clone("call");
    slot(item, "tel").href = `tel:${line.number}`;
    slot(item, "number").textContent = line.number;
    slot(item, "name").textContent = line.name;
    slot(item, "use").textContent = line.use;
    list.append(item);
  }
  return list;
}

function drawButtons(items, className) {
  const box = make("form", className);
  for (const item of items) {
    if (item.url) {
      const link = make("a", "choice", item.label);
      link.href = /^(tel:|https:\/\/|\/letters(\/[a-z]+)?$)/.test(item.url) ? item.url : "#";
      box.append(link);
    } else {
      const press = make("button", "choice", item.label);
      press.name = "action";
      press.value = item.action;
      box.append(press);
    }
  }
  return box;
}

// The same order as in templates/parts.html: turn.
function showAnswer(turn, answer) {
  const urgent = answer.kind === "urgent";
  const parts = [];
  turn.dataset.kind = answer.kind;
  if (urgent && answer.calls.length) parts.push(drawCalls(answer.calls, true));
  if (answer.lead) parts.push(words("lead", answer.lead, answer.hotlines));
  parts.push(...answer.articles.slice(0, answer.shown).map(drawArticle));
  const further = answer.articles.slice(answer.shown);
  if (further.length) {
    const more = make("details", "more");
    more.append(make("summary", "", `其他相关条文（${further.length} 条）`));
    more.append(...further.map(drawArticle));
    parts.push(more);
  }
  if (!urgent && answer.calls.length) parts.push(drawCalls(answer.calls, false));
  const items = answer.buttons.flat();
  const choices = items.filter((item) => item.role === null);
  const feedback = items.filter((item) => item.role === "feedback");
  if (choices.length) parts.push(drawButtons(choices, "choices"));
  if (answer.tail) parts.push(words("tail", answer.tail, answer.hotlines));
  if (feedback.length) {
    const row = drawButtons(feedback, "feedback");
    row.prepend(make("div", "feedback-ask", "这个回答有用吗？"));
    parts.push(row);
  }
  slot(turn, "answer").replaceChildren(...parts);
}

// ── an article's tools: unfold, copy, print ──────────────────────────────────────────────────

// Folding hides whole paragraphs behind a visible gap, never the marked one.
function fold(card) {
  const lines = [...card.querySelectorAll(".statute > p")];
  const total = lines.reduce((sum, line) => sum + line.textContent.length, 0);
  if (total < FOLD_FROM || lines.length < 3) return null;
  let kept = 0;
  const later = lines.filter((line) => {
    kept += line.textContent.length;
    return kept > KEEP && line !== lines[0] && !line.querySelector("mark");
  });
  if (later.length < 2) return null;
  for (const line of later) {
    line.classList.add("later");
    if (!line.previousElementSibling?.classList.contains("later")) {
      line.before(make("p", "gap", "……"));
      line.previousElementSibling.setAttribute("aria-hidden", "true");
    }
  }
  const open = button("tool", "展开全文", () => {
    const folded = card.classList.toggle("folded");
    open.textContent = folded ? "展开全文" : "收起";
    open.setAttribute("aria-expanded", String(!folded));
  });
  open.setAttribute("aria-expanded", "false");
  card.classList.add("folded");
  return open;
}

function citation(card) {
  const read = (selector) => card.querySelector(selector)?.textContent.trim() ?? "";
  const lines = [...card.querySelectorAll(".statute > p:not(.gap)")].map((p) => p.textContent);
  const facts = [...card.querySelectorAll(".facts > li")].map((item) =>
    item.textContent.replace(/\s+/g, " ").trim(),
  );
  return [
    `${read(".law")}${read(".number")}`,
    ...lines,
    `（${facts.join("；")}。条文以官方公布文本为准）`,
  ].join("\n");
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = make("textarea", "unseen", text); // plain HTTP has no clipboard API
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("copy refused");
}

function printOnly(card) {
  const chosen = [card, card.closest(".turn"), document.documentElement];
  for (const element of chosen) element.classList.add("to-print");
  window.addEventListener(
    "afterprint",
    () => chosen.forEach((element) => element.classList.remove("to-print")),
    { once: true },
  );
  window.print();
}

function addTools(card) {
  const tools = make("div", "tools");
  const said = make("span", "tool-said");
  said.setAttribute("role", "status");
  const unfold = fold(card);
  if (unfold) tools.append(unfold);
  tools.append(
    button("tool", "复制条文", async () => {
      try {
        await copy(citation(card));
        said.textContent = "已复制";
      } catch {
        said.textContent = "复制不了，请长按文字复制";
      }
    }),
    button("tool", "打印", () => printOnly(card)),
    said,
  );
  card.append(tools);
}

// ── asking ───────────────────────────────────────────────────────────────────────────────────

// A refusal carries the sentence to show; anything else that goes wrong is a lost connection.
class Refusal extends Error {}

async function post(message) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE);
  try {
    const response = await fetch("/api/ask", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(message),
      signal: abort.signal,
    });
    const body = await response.json();
    if (response.ok) return body;
    throw new Refusal(body.error.message);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(LOST);
  } finally {
    clearTimeout(timer);
  }
}

function setWaiting(now) {
  waiting = now;
  send.setAttribute("aria-disabled", String(now));
  document.documentElement.classList.toggle("busy", now);
}

function showWaiting(turn) {
  slot(turn, "answer").replaceChildren(make("p", "waiting", "正在查找法律条文"));
}

// Retrying sends the same key, so that a message that did arrive is not counted twice.
async function deliver(turn, message) {
  setWaiting(true);
  showWaiting(turn);
  turn.scrollIntoView({ block: "start" });
  try {
    showAnswer(turn, await post(message));
  } catch (error) {
    const failed = make("div", "failed");
    failed.append(make("p", "", error.message));
    failed.append(button("button", "重试", () => !waiting && deliver(turn, message)));
    slot(turn, "answer").replaceChildren(failed);
  } finally {
    setWaiting(false);
  }
  turn.scrollIntoView({ block: "start" });
}

function ask(message, shown) {
  if (waiting) return;
  const turn = clone("turn");
  turn.dataset.kind = "";
  fill(turn, "asked", shown);
  log.append(turn);
  deliver(turn, { ...message, key: newKey() });
}

async function giveFeedback(row, pressed) {
  const key = (pressed.dataset.key ||= newKey());
  const buttons = [...row.querySelectorAll("button")];
  const said = row.querySelector(".feedback-ask");
  for (const item of buttons) item.disabled = true;
  said.setAttribute("role", "status");
  try {
    const answer = await post({ action: pressed.value, key });
    for (const item of buttons) item.remove();
    said.replaceChildren(words("", answer.lead, answer.hotlines));
  } catch {
    said.textContent = "没有送到，请再点一次。";
    for (const item of buttons) item.disabled = false;
  }
}

// ── the composer ─────────────────────────────────────────────────────────────────────────────

function lengthOf(text) {
  return Array.from(text).length;
}

function showCount() {
  const left = most - lengthOf(field.value.trim());
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
  count.classList.toggle("over", left < 0);
  if (left < 0) count.textContent = `超出 ${-left} 字，请只留最要紧的，或分几次问`;
  else count.textContent = left <= 400 ? `还可以写 ${left} 字` : "";
}

function submit() {
  const text = field.value.trim();
  if (!text || waiting || lengthOf(text) > most) {
    field.focus();
    return;
  }
  problem.hidden = true;
  field.removeAttribute("aria-invalid");
  field.value = "";
  showCount();
  if (!matchMedia("(pointer: fine)").matches) field.blur(); // let the phone's keyboard go
  ask({ text }, text);
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
field.addEventListener("input", showCount);
field.addEventListener("keydown", (event) => {
  // 229: some input methods report the Enter that accepts a candidate only by this code
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
  if (event.shiftKey || (!event.ctrlKey && !matchMedia("(pointer: fine)").matches)) return;
  event.preventDefault();
  submit();
});

// examples and an answer's buttons are forms of the page: one listener serves both renderings
document.addEventListener("submit", (event) => {
  const pressed = event.submitter;
  if (event.target === composer || !pressed?.name) return;
  event.preventDefault();
  if (event.target.classList.contains("feedback")) giveFeedback(event.target, pressed);
  else ask({ [pressed.name]: pressed.value }, pressed.textContent);
});

// ── large type ───────────────────────────────────────────────────────────────────────────────

const size = byId("size");

function setSize(large) {
  document.documentElement.classList.toggle("large", large);
  size.setAttribute("aria-pressed", String(large));
}

function remembered() {
  try {
    return localStorage.getItem("size") === "large";
  } catch {
    return false; // storage is switched off: the toggle still works for this page
  }
}

size.hidden = false;
setSize(remembered());
size.addEventListener("click", () => {
  const large = size.getAttribute("aria-pressed") !== "true";
  setSize(large);
  try {
    localStorage.setItem("size", large ? "large" : "normal");
  } catch {
    // see remembered()
  }
});

document.querySelectorAll(".card").forEach(addTools);
showCount();
