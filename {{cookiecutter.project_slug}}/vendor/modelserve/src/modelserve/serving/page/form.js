// One row: its form, where each value lies, and its prediction.

const facts = JSON.parse(document.getElementById("facts").textContent);
speak(facts.language, facts.sentences);
const OTHER = "\u0000";  // no category: a choice of the form's own
// Links are relative: below a proxy's prefix, the address needs its slash; a file's has none.
if (!/(\/|\.html)$/.test(location.pathname)) history.replaceState(null, "", location.pathname + "/" + location.hash);
const element = (id) => document.getElementById(id);
const make = (tag, text = "", attributes = {}) => {
  const made = document.createElement(tag);
  made.textContent = shorten(text);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const readable = (name) => name.replaceAll("_", " ");

const makeSelect = (field) => {
  const select = make("select"), flag = field.dtype === "boolean";
  const options = flag ? [["true", _("true")], ["false", _("false")]] : field.categories.map((value) => [value, value]);
  for (const [value, name] of options) select.append(make("option", name, { value }));
  if (field.nullable) select.append(make("option", _("(missing)"), { value: "" }));
  if (!flag) select.append(make("option", _("another value"), { value: OTHER }));
  select.value = flag ? String(Boolean(field.example)) : field.example;
  return select;
};

// Returns a field's control with its name, its range and the words beside it.
const makeField = (field, number) => {
  const box = make("div", "", { class: field.dtype === "text" ? "field wide" : "field" });
  const label = make("label", "", { for: "field" + number }), words = make("small", "", { id: "words" + number });
  label.append(make("b", readable(field.name)));
  const chosen = field.dtype === "boolean" || field.dtype === "category";
  const numeral = { inputmode: field.nullable || field.minimum < 0 ? "text" : "decimal", autocomplete: "off" };
  const control = chosen ? makeSelect(field) : field.dtype === "text" ? make("textarea", "", { rows: 6 }) : make("input", "", numeral);
  if (!chosen) control.value = exampleOf(field);
  control.id = "field" + number;
  control.setAttribute("aria-describedby", words.id);
  const other = make("input", "", { "aria-label": readable(field.name) + ", " + _("another value") });
  other.hidden = true;
  const range = make("div", "", { class: "range", "aria-hidden": "true" }), marker = make("i");
  range.append(marker);
  box.append(label, control, ...(field.dtype === "category" ? [other] : []), ...(chosen ? [] : [range]), words);
  const read = () => parseTyped(field, control.value === OTHER ? other.value : control.value, facts.dialect.missing);
  const show = () => {
    other.hidden = control.value !== OTHER;
    const { words: where, outside, place } = locate(field, read());
    box.classList.toggle("outside", outside);
    marker.hidden = place === null;
    marker.style.left = 100 * (place ?? 0) + "%";
    words.textContent = [seenIn(field), where].filter(Boolean).join(": ");
  };
  box.addEventListener("input", show);
  show();
  const mark = (invalid) => invalid ? control.setAttribute("aria-invalid", "true") : control.removeAttribute("aria-invalid");
  element("fields").append(box);
  return [field.name, { read, mark }];
};

const controls = new Map(facts.fields.map(makeField));
let key = null;
if (facts.keyRequired) {
  const label = make("label", "", { class: "wide" });
  key = make("input", "", { type: "password", autocomplete: "off" });
  label.append(make("b", _("API key")), key);
  element("fields").prepend(label);
}
element("explaining").hidden = !facts.explains;

// Asks the service about rows; returns the response's status and its content.
const send = async (instances, explain = false) => {
  const headers = { "Content-Type": "application/json" };
  if (key) headers["X-API-Key"] = key.value;
  const body = JSON.stringify(explain ? { instances, explain } : { instances });
  const response = await fetch(facts.route, { method: "POST", headers, body });
  const text = await response.text();
  try {
    return { ok: response.ok, status: response.status, retryAfter: response.headers.get("Retry-After"), content: JSON.parse(text) };
  } catch {
    throw new Error(_("status {status}, without an answer of the service", { status: response.status }));  // a proxy's page
  }
};
// A pointer is /instances/ROW/FIELD, of which the end may be absent.
const stepsOf = ({ pointer }) => pointer.split("/").slice(2).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
const rowOf = (problem) => stepsOf(problem)[0];
const fieldOf = (problem) => stepsOf(problem)[1];
const inWords = (problem) => (fieldOf(problem) === undefined ? "" : fieldOf(problem) + ": ") + problem.detail;

const readRow = () => Object.fromEntries([...controls].flatMap(([name, { read }]) => {
  const value = read();
  return value === undefined ? [] : [[name, value]];
}));
const showCommand = () => {
  const asked = element("explain").checked ? { explain: true } : {};
  const body = JSON.stringify({ instances: [readRow()], ...asked }).replaceAll("'", "'\\''");
  element("command").textContent =
    "curl " + new URL(facts.route, location.href) + " \\\n  -H 'Content-Type: application/json' \\\n" +
    (key ? "  -H 'X-API-Key: " + _("YOUR KEY") + "' \\\n" : "") + "  -d '" + body + "'";
};

const makeBar = (name, share) => {
  const bar = make("div", "", { class: "bar" }), head = make("span"), track = make("div", "", { class: "track" });
  const fill = make("i");
  fill.style.width = 100 * share + "%";
  head.append(make("span", name), make("span", percent(share)));
  track.append(fill);
  bar.append(head, track);
  return bar;
};
const showPrediction = (answer) => {
  const { label, value, lower, upper, probabilities, explanation, ...others } = answer.predictions[0];
  const result = element("result");
  result.replaceChildren();
  if (answer.degraded) result.append(make("p", _("The model failed; this is the fallback, which does not depend on the input."), { class: "complaint" }));
  const headline = label ?? (value === undefined ? undefined : grouped(value));
  if (headline !== undefined) result.append(make("div", headline, { class: "answer" }));
  if (lower !== undefined)
    result.append(make("p", _("between {lower} and {upper}, as in {coverage} of cases",
      { lower: grouped(lower), upper: grouped(upper), coverage: percent(facts.coverage, 0) })));
  for (const warning of answer.warnings ?? []) result.append(make("p", inWords(warning)));
  const shares = Object.entries(probabilities ?? {}).sort((a, b) => b[1] - a[1]);
  for (const [name, share] of shares) result.append(makeBar(name, share));
  if (facts.threshold !== null && shares.length)
    result.append(make("small", _("{label} from a probability of {threshold} on", { label: facts.positive, threshold: percent(facts.threshold) })));
  for (const [name, other] of Object.entries(others)) result.append(make("p", readable(name) + ": " + (typeof other === "number" ? grouped(other) : JSON.stringify(other))));
  if (explanation !== undefined) result.append(...makeExplanation(explanation, label === undefined));
};
const showProblem = (problem) => {
  element("result").replaceChildren(make("p", problem.detail, { class: "complaint" }));
  for (const error of problem.errors ?? []) {
    controls.get(fieldOf(error))?.mark(true);
    element("result").append(make("p", inWords(error)));
  }
  element("result").append(make("small", _("request") + " " + problem.request_id));
};
const answerForm = async () => {
  for (const { mark } of controls.values()) mark(false);
  try {
    const { ok, content } = await send([readRow()], element("explain").checked);
    (ok ? showPrediction : showProblem)(content);
  } catch (error) {
    element("result").replaceChildren(make("p", _("No answer from the service: {reason}", { reason: error.message }), { class: "complaint" }));
  }
};
element("form").addEventListener("input", showCommand);
element("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  await answerForm();
  element("result").scrollIntoView({ block: "nearest" });
});
showCommand();
