// Many rows: a CSV file that is read here, sent in parts, and answered row by row.

const MOST_BYTES = 20_000_000, MOST_ROWS = 10_000, MOST_SHOWN = 200, MOST_TRIES = 5, MOST_NAMED = 20;
const LARGER = " " + _("The command `batch` takes files of any size.");
let running = null;

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const say = (text, complaint = false) => {
  element("state").textContent = text;
  element("state").classList.toggle("complaint", complaint);
};

// Answers some rows into `outcomes`: those that the service rejects are taken out, and the rest is
// sent again. Throws when the service answers none of them.
const answerPart = async (part, instances, outcomes, signal) => {
  for (let left = part.filter((i) => !outcomes[i]), tries = 0; left.length && !signal.aborted;) {
    const { ok, status, retryAfter, content } = await send(left.map((i) => instances[i]));
    if (ok) {
      left.forEach((i, place) => { outcomes[i] = { prediction: content.predictions[place], notes: [] }; });
      const warnings = content.warnings ?? [];
      for (const warning of warnings) outcomes[left[rowOf(warning)]]?.notes.push(inWords(warning));
      if (content.degraded && !warnings.length)
        for (const i of left) outcomes[i].notes.push(_("the model failed; this is the fallback"));
      return;
    }
    const named = (content.errors ?? []).filter((error) => left[rowOf(error)] !== undefined);
    for (const error of named) (outcomes[left[rowOf(error)]] ??= { problems: [] }).problems.push(inWords(error));
    left = left.filter((i) => !outcomes[i]);
    if (named.length) continue;
    if (status !== 503 || ++tries === MOST_TRIES) throw new Error(content.detail ?? _("status") + " " + status);
    await pause(Number(retryAfter) || 1);
  }
};

// Returns a prediction as columns: one for each label's probability.
const COLUMNS = new Map([["label", _("label")], ["value", _("value")], ["lower", _("lower")], ["upper", _("upper")]]);
const flatten = (prediction) => Object.fromEntries(Object.entries(prediction).flatMap(([name, value]) =>
  name === "probabilities" ? Object.entries(value).map(([label, share]) => [_("probability of {label}", { label }), share])
    : [[COLUMNS.get(name) ?? name, typeof value === "object" ? JSON.stringify(value) : value]]));

// Returns what is to be said of a row: its problems, or warnings and values outside of the range.
const noteOf = (outcome, instance) => {
  if (!outcome) return _("not answered");
  if (outcome.problems) return outcome.problems.join("; ");
  const outside = facts.fields.flatMap((field) => {
    const { words, outside: is } = locate(field, instance[field.name]);
    return is ? [field.name + ": " + words] : [];
  });
  return [...outcome.notes, ...outside].join("; ");
};

const makeTable = (head, lines, rejected) => {
  const table = make("table"), first = make("thead"), body = make("tbody"), names = make("tr");
  names.append(...head.map((name) => make("th", name, { scope: "col" })));
  first.append(names);
  for (const line of lines) {
    const row = make("tr", "", rejected.has(line[0]) ? { class: "rejected" } : {});
    row.append(...line.map((value) => make("td", typeof value === "number" ? grouped(value) : value)));
    body.append(row);
  }
  table.append(first, body);
  return table;
};

// Shows the answers before the file's own columns, and offers all of it; returns how many are shown.
const showResults = (table, instances, outcomes, name) => {
  const answers = outcomes.map((outcome) => flatten(outcome?.prediction ?? {}));
  const columns = [...new Set(answers.flatMap(Object.keys))];
  const own = (i) => table.head.map((_, place) => table.rows[i][place] ?? "");
  const of = (i) => [...columns.map((column) => answers[i][column] ?? ""), noteOf(outcomes[i], instances[i])];
  const numbers = [...instances.keys()], rejected = new Set(numbers.filter((i) => !outcomes[i]?.prediction).map((i) => i + 1));
  // Of rejected rows as many again, wherever they stand.
  const shown = [...numbers.slice(0, MOST_SHOWN), ...numbers.slice(MOST_SHOWN).filter((i) => rejected.has(i + 1)).slice(0, MOST_SHOWN)];
  element("results").replaceChildren(makeTable([_("row"), ...columns, _("note"), ...table.head], shown.map((i) => [i + 1, ...of(i), ...own(i)]), rejected));
  element("results").hidden = element("saving").hidden = false;
  const lines = [[...table.head, ...columns, _("note")], ...numbers.map((i) => [...own(i), ...of(i)])];
  URL.revokeObjectURL(element("download").href);
  const mark = table.separator === ";" ? "\ufeff" : "";  // by which a spreadsheet knows UTF-8
  element("download").href = URL.createObjectURL(new Blob([mark + writeCsv(lines, table.separator, table.decimal)], { type: "text/csv" }));
  element("download").download = name.replace(/\.[^.]*$/, "") + "-" + _("answered") + ".csv";
  return shown.length;
};

const decodeText = (bytes) => {
  // A byte order mark, as spreadsheets begin "Unicode text" with.
  const [first, second] = new Uint8Array(bytes.slice(0, 2)), mark = 256 * first + second;
  if (mark === 0xfffe || mark === 0xfeff) return new TextDecoder(mark === 0xfffe ? "utf-16le" : "utf-16be").decode(bytes);
  for (const encoding of ["utf-8", facts.dialect.encoding]) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes);
    } catch {
      // not that one, or a name that browsers do not know
    }
  }
  return new TextDecoder("windows-1252").decode(bytes);  // as spreadsheets may write it
};

// Returns the file's table; throws what is wrong with it.
const readFile = async (file) => {
  if (file.size > MOST_BYTES) throw new Error(_("The file has {size} MB, more than {limit}.", { size: written(file.size / 1e6), limit: MOST_BYTES / 1e6 }) + LARGER);
  const bytes = await file.arrayBuffer(), text = decodeText(bytes);
  if (isWorkbook(new Uint8Array(bytes.slice(0, 4)))) throw new Error(_("The file is an Excel workbook or a ZIP archive; save the sheet as CSV."));
  const table = readTable(text, facts.fields, MOST_ROWS, facts.dialect);
  if (!table.head.some(Boolean)) throw new Error(_("The file has no first line that names columns."));
  if (table.lacking.length && /[\0-\x08]/.test(text)) throw new Error(_("The file is no text; save its table as CSV."));
  if (table.lacking.length)
    throw new Error(_("Columns that the file lacks: {columns}. Its first line names {head}.",
      { columns: shorten(table.lacking.slice(0, MOST_NAMED).join(", ")), head: shorten(table.head.slice(0, MOST_NAMED).join(", ")) }));
  if (!table.rows.length) throw new Error(_("The file has no rows below its first line."));
  if (table.rows.length > MOST_ROWS) throw new Error(_("The file has more than {rows} rows.", { rows: MOST_ROWS.toLocaleString(language) }) + LARGER);
  return table;
};

const answerFile = async (file, signal) => {
  const table = await readFile(file);
  const instances = table.rows.map((row) => instanceOf(table, row, facts.fields, facts.dialect.missing));
  const outcomes = table.rows.map((row) => {
    const problem = findProblem(row, table.head.length);
    return problem ? { problems: [problem] } : undefined;
  });
  const started = performance.now();
  let failure = null, asked = 0;
  try {
    for (const part of partsOf(instances, facts.maxRows, facts.maxBodyBytes)) {
      if (signal.aborted) break;
      await answerPart(part, instances, outcomes, signal);
      asked += part.length;
      element("progress").value = asked / instances.length;
    }
  } catch (error) {
    failure = error;
  }
  if (signal.reason === "replaced") return;
  const seconds = (performance.now() - started) / 1000, answered = outcomes.filter((each) => each?.prediction).length;
  const rejected = outcomes.filter((each) => each?.problems).length, open = instances.length - answered - rejected;
  const shown = showResults(table, instances, outcomes, file.name);
  say([
    plural(answered, "{n} row answered in {seconds} s", "{n} rows answered in {seconds} s", { seconds: localize(seconds.toFixed(1)) }),
    ...(rejected ? [plural(rejected, "{n} row rejected: see the notes", "{n} rows rejected: see the notes")] : []),
    ...(open ? [plural(open, "{n} row not answered", "{n} rows not answered")] : []),
    ...(shown < instances.length ? [_("{n} rows shown, all in the download", { n: shown.toLocaleString(language) })] : []),
  ].join("; ") + "." + (failure ? " " + _("The service stopped answering: {reason}", { reason: shorten(failure.message) }) : ""), Boolean(failure || rejected));
};

const takeFile = async (file) => {
  running?.abort("replaced");
  const mine = running = new AbortController();
  element("results").hidden = element("saving").hidden = true;
  element("working").hidden = false;
  element("progress").value = 0;
  say(_("Reading {file}", { file: file.name }));
  try {
    await answerFile(file, mine.signal);
  } catch (error) {
    if (running === mine) say(error.message, true);
  }
  if (running === mine) element("working").hidden = true;
};

element("columns").textContent =
  _("The first line names the columns: {columns}. Further columns stay in the download.",
    { columns: shorten(facts.fields.map(({ name }) => name).join(", ")) }) + " " +
  _("At most {rows} rows and {size} MB.", { rows: MOST_ROWS.toLocaleString(language), size: MOST_BYTES / 1e6 });
element("file").addEventListener("change", () => {
  const [file] = element("file").files;
  if (file) takeFile(file);
});
element("file").addEventListener("click", () => { element("file").value = ""; });  // the same file may come again
element("stop").addEventListener("click", () => running?.abort("stopped"));
// A file that misses the area must not replace the page.
for (const type of ["dragover", "drop"]) document.addEventListener(type, (event) => event.preventDefault());
for (const type of ["dragover", "dragleave", "drop"])
  element("drop").addEventListener(type, () => element("drop").classList.toggle("over", type === "dragover"));
element("drop").addEventListener("drop", ({ dataTransfer }) => { if (dataTransfer.files[0]) takeFile(dataTransfer.files[0]); });

// An address that ends with #predict shows an answer: for a link, or a picture of the page.
if (location.hash === "#predict") {
  element("explain").checked = facts.explains;
  showCommand();
  answerForm();
}
