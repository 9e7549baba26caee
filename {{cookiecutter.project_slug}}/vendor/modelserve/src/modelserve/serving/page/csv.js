// CSV as spreadsheets and data frames write it: quoted values may hold separators and line ends.

const SEPARATORS = [",", ";", "\t", "|"];

// Returns rows of texts, at most `limit` of them, without empty lines; throws on an open quote.
// `spaced` is whether spaces before a value are none of it.
const parseCsv = (text, separator, limit = Infinity, spaced = false) => {
  const rows = [];
  let row = [], value = "", quoted = false, line = 1, opened = 0;
  const endRow = () => {
    row.push(value);
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    value = "";
  };
  for (let i = 0; i < text.length && rows.length < limit; i++) {
    const character = text[i];
    if (character === "\n") line++;
    if (quoted) {
      if (character !== '"') value += character;
      else if (text[i + 1] === '"') value += text[++i];
      else quoted = false;
    } else if (spaced && character === " " && value === "") {
      continue;
    } else if (character === '"' && value === "") {
      quoted = true;
      opened = line;
    } else if (character === separator) {
      row.push(value);
      value = "";
    } else if (character === "\n" || character === "\r") {
      if (character === "\r" && text[i + 1] === "\n") { i++; line++; }
      endRow();
    } else value += character;
  }
  if (quoted) throw new Error(_("A quotation mark in line {line} is never closed.", { line: opened }));
  if ((value !== "" || row.length) && rows.length < limit) endRow();
  return rows;
};

const quote = (value, separator) => value.includes(separator) || /["\r\n]/.test(value) ? '"' + value.replaceAll('"', '""') + '"' : value;

// Returns rows of texts and numbers as CSV, which `parseCsv` and a spreadsheet read by these signs.
const writeCsv = (rows, separator = ",", decimal = ".") => rows.map((row) => row.map((value) =>
  quote(typeof value === "number" ? String(value).replace(".", decimal) : value, separator)).join(separator) + "\r\n").join("");

// Returns whether a file is a workbook of a spreadsheet, by its first bytes: a ZIP archive's, or an old one's.
const isWorkbook = (bytes) => ["80,75,3,4", "208,207,17,224"].includes(bytes.join());

// Returns whether a text is a number that is written with a decimal point.
const isPointed = (text) => text.includes(".") && NUMERAL.test(text.trim());

// Returns the decimal sign of a file without thousands separators, from the values of its numbers.
const decimalOf = (separator, values, rows, dialect) => {
  // A comma is decimal where it separates nothing, and no number is written with a point.
  if (separator === ",") return ".";
  if (values.some((value) => /^[+-]?\d+,\d+$/.test(value)))
    return dialect.decimal === "," || !values.some((value) => value.includes(".")) ? "," : ".";
  // Without fractions, it is that of spreadsheets in the page's language, or training's.
  const presumed = (separator === ";" && decimalComma()) || (separator === dialect.separator?.[0] && dialect.decimal === ",");
  return presumed && !rows.some((row) => row.some(isPointed)) ? "," : ".";
};

// Returns the file's head and rows, where each field stands, the fields that it lacks, and how its
// numbers are written. The separator is the one by which the head names the most fields; of equals,
// training's own, which the dialect names. Throws at a line by which a spreadsheet knows the separator.
const readTable = (text, fields, limit, dialect = {}) => {
  if (/^"?sep=/i.test(text))
    throw new Error(_("The first line of the file is {line}, which only spreadsheets read; delete it.", { line: text.split(/[\r\n]/, 1)[0] }));
  const [own, space] = dialect.separator ?? ",", isSpaced = (separator) => separator === own && space === " ";
  const found = [...new Set([own, ...SEPARATORS])].map((separator) => {
    const [head = []] = parseCsv(text, separator, 1, isSpaced(separator)), names = head.map((name) => name.trim());
    const placeOf = (name) => head.includes(name) ? head.indexOf(name) : names.indexOf(name);
    const places = new Map(fields.map(({ name }) => [name, placeOf(name)]));
    return { separator, head: names, places, known: [...places.values()].filter((i) => i >= 0).length };
  });
  const best = found.reduce((one, other) => other.known > one.known ? other : one);
  const [, ...rows] = parseCsv(text, best.separator, limit + 2, isSpaced(best.separator));
  const numbers = fields.filter(({ name, dtype }) => ["number", "integer"].includes(dtype) && best.places.get(name) >= 0);
  const values = rows.flatMap((row) => numbers.map(({ name }) => (row[best.places.get(name)] ?? "").trim()));
  // A file with training's separator has its thousands separator, too.
  const thousands = best.separator === own ? dialect.thousands ?? "" : "";
  return {
    ...best, rows, thousands,
    decimal: thousands ? dialect.decimal : decimalOf(best.separator, values, rows, dialect),
    lacking: fields.filter(({ name, nullable }) => best.places.get(name) < 0 && !nullable).map(({ name }) => name),
  };
};

// Returns why a row cannot be read; nothing if it can. Too few values are missing ones.
const findProblem = (row, width) => {
  if (row.length > width) return _("more values than the first line has names; quote a value that holds the separator");
  return row.length < width && /[\r\n]/.test(row.at(-1)) ? _("fewer values than the first line has names, and several lines: a quotation mark may not be closed") : "";
};

// Returns whether the thousands separator stands elsewhere than between groups of three digits:
// without it, 384.3 would be 3843.
const isMisplaced = (text, thousands, decimal) => thousands !== "" && text.includes(thousands) &&
  !RegExp(`^[+-]?[1-9]\\d{0,2}(\\${thousands}\\d{3})+(\\${decimal}\\d*)?(e[+-]?\\d+)?$`, "i").test(text);

// Returns a row of the file as the service takes it; it refuses a number that is left as text.
const instanceOf = (table, row, fields, missing = []) => Object.fromEntries(fields.flatMap((field) => {
  const place = table.places.get(field.name), text = place < 0 ? "" : row[place] ?? "";
  if (isGap(field, text, missing)) return field.nullable ? [] : [[field.name, field.dtype === "category" ? text : null]];
  const isNumber = field.dtype === "number" || field.dtype === "integer";
  const value = isNumber && isMisplaced(text.trim(), table.thousands, table.decimal) ? text : parseValue(field, text, table.decimal, table.thousands);
  return value === undefined ? [] : [[field.name, value]];
}));

// Yields numbers of rows in parts that one request may carry.
const partsOf = function* (instances, maxRows, maxBytes) {
  let part = [], size = 64;
  for (const [i, instance] of instances.entries()) {
    const bytes = new TextEncoder().encode(JSON.stringify(instance)).length + 1;
    if (part.length && (part.length === maxRows || size + bytes > maxBytes)) {
      yield part;
      part = [];
      size = 64;
    }
    part.push(i);
    size += bytes;
  }
  if (part.length) yield part;
};
