// What a person has typed or a file holds: as JSON has it, and where it lies in training's range.

const NUMERAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NAN = /^[+-]?nan$/i;
const TRUE = ["true", "t", "yes", "y", "on"], FALSE = ["false", "f", "no", "n", "off"];

// Returns whether a text stands for a missing value, as in the training data: what they saw as a
// category is one, and a text stands for itself.
const isGap = ({ dtype, categories = [] }, text, missing) =>
  dtype !== "text" && (text === "" || (missing.includes(text) && !categories.includes(text)));

// Returns undefined for a number that is missing; a text that is no number stays as it is, for the
// service to say what is wrong with it.
const parseValue = (field, text, decimal = ".", thousands = "") => {
  if (field.dtype === "text" || field.dtype === "category") return text;
  const isFlag = field.dtype === "boolean", word = text.toLowerCase(), trimmed = text.trim();
  if (isFlag && TRUE.includes(word)) return true;
  if (isFlag && FALSE.includes(word)) return false;
  if (field.nullable && NAN.test(trimmed)) return undefined;
  if (isFlag) return NUMERAL.test(trimmed) ? Number(trimmed) : text;
  const whole = trimmed.replaceAll(thousands, ""), numeral = whole.replace(decimal, ".");
  const foreign = decimal !== "." && whole.includes(".");
  return NUMERAL.test(numeral) && !foreign ? Number(numeral) : text;
};

// Returns what a person has typed; of a numeral with two meanings neither, for nobody to be misread.
const parseTyped = (field, text, missing = []) => {
  const trimmed = text.trim(), isNumber = field.dtype === "number" || field.dtype === "integer";
  const isSpace = trimmed === "" && !field.categories?.includes(text);
  const isBlank = isSpace || (field.dtype === "category" && isGap(field, text, missing));
  if (field.nullable && field.dtype !== "text" && isBlank) return undefined;
  return isNumber && meaningsOf(trimmed) ? text : parseValue(field, text, ...separatorsOf(trimmed));
};

// Returns a field's example as a person writes it, with all its digits.
const exampleOf = ({ dtype, example }) => dtype === "text" ? example : localize(example);

// Returns the values that training saw, in words; of choices, which the form lists, none.
const seenIn = (field) => {
  if (field.dtype === "boolean" || field.dtype === "category") return "";
  // Of numbers as a field takes them all: without thousands separators.
  const isText = field.dtype === "text", unit = isText ? " " + _("characters") : "";
  const [minimum, maximum] = [field.minimum, field.maximum].map((bound) => isText ? grouped(bound) : written(bound, 6));
  return minimum + " " + _("to") + " " + maximum + unit + (field.nullable ? ", " + _("or missing") : "");
};

// Returns the words for where a value lies, whether that is outside, and the place on the bar:
// 0 to 1, of which the middle two thirds are training's range; null for none.
const locate = (field, value) => {
  if (value === undefined) return { words: _("missing"), outside: false, place: null };
  if (field.dtype === "category") {
    const known = field.categories.includes(value);
    return { words: known ? _("seen in training") : _("not seen in training"), outside: !known, place: null };
  }
  if (field.dtype === "boolean") return { words: "", outside: typeof value !== "boolean", place: null };
  const measure = field.dtype === "text" ? [...value].length : value;
  if (typeof measure !== "number") {
    const text = String(measure).trim(), meanings = meaningsOf(text);
    const words = text === "" ? _("a value is needed") : meanings ? _("ambiguous: write {whole} or {fraction}", meanings) : _("not a number");
    return { words, outside: true, place: null };
  }
  if (field.dtype === "integer" && !Number.isInteger(measure)) return { words: _("a whole number is needed"), outside: true, place: null };
  const { minimum, maximum } = field, width = maximum - minimum;
  // In float32, as the model sees both: 7.9 is not above 7.9.
  const below = Math.fround(measure) < Math.fround(minimum), above = Math.fround(measure) > Math.fround(maximum);
  const share = width > 0 ? (measure - minimum) / width : below ? -1 : above ? 2 : .5;
  return {
    words: below ? _("below training's range") : above ? _("above training's range") : _("within training's range"),
    outside: below || above,
    place: Math.min(1, Math.max(0, (1 + 4 * share) / 6)),
  };
};
