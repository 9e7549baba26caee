"use strict";
// The page's language: sentences, by the English ones, and how numbers are written.

const LARGE = 1e12, MOST_CHARACTERS = 300;
const words = new Map();
let language = "en";

// Takes a language's translations; without one, a sentence stays English.
const speak = (name, sentences) => {
  language = name;
  for (const [sentence, translation] of Object.entries(sentences)) words.set(sentence, translation);
};

// Returns a sentence with its values, each where {its name} stands.
const _ = (sentence, values = {}) =>
  (words.get(sentence) ?? sentence).replace(/\{(\w+)\}/g, (field, name) => values[name] ?? field);

// Returns the sentence for a count, which is its value {n}; none has the plural.
const plural = (n, one, many, values = {}) => _(n === 1 ? one : many, { n: n.toLocaleString(language), ...values });

const decimalComma = () => (1.5).toLocaleString(language).includes(",");
const localize = (numeral) => decimalComma() ? String(numeral).replace(".", ",") : String(numeral);
// Of a fraction, some significant digits; of an integer part, all.
const round = (value, digits = 4) => {
  const number = Number(value), whole = Math.abs(number) < LARGE ? String(Math.trunc(Math.abs(number))).length : 1;
  return Number(number.toPrecision(Math.max(digits, whole)));
};
// With an exponent where zeros would fill the line.
const written = (value, digits = 4) => {
  const rounded = round(value, digits), size = Math.abs(rounded);
  if (size === 0 || (size >= 1e-4 && size < LARGE)) return localize(rounded);
  return rounded.toLocaleString(language, { notation: "scientific", maximumSignificantDigits: digits });
};
// With thousands separators.
const grouped = (value) => {
  const rounded = round(value), size = Math.abs(rounded);
  return size >= 1000 && size < LARGE ? rounded.toLocaleString(language) : written(value);
};
const signed = (value) => (value > 0 ? "+" : "") + grouped(value).replaceAll("-", "\u2212");
const percent = (share, digits = 1) => localize((100 * share).toFixed(digits)) + (language === "en" ? " %" : "%");

// Returns a text of bounded length: its beginning, and how long it is.
const shorten = (text) => {
  const characters = [...String(text)], count = characters.length;
  if (count <= MOST_CHARACTERS) return characters.join("");
  return characters.slice(0, MOST_CHARACTERS).join("") + "… (" + count.toLocaleString(language) + " " + _("characters") + ")";
};

// Returns the separators of a person's number, the decimal and the thousands one: the language's
// own; a lone point is decimal in each language, as in a program's output.
const separatorsOf = (text) => {
  const grouping = decimalComma() ? /^[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?$/ : /^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/;
  const decimal = decimalComma() && text.includes(",") ? "," : ".";
  if (!grouping.test(text)) return [decimal, ""];
  return decimalComma() ? [",", "."] : [".", ","];
};

// Returns the two numbers that a text may mean where either point is in use: 1.500 is 1500 or 1,5.
const meaningsOf = (text) => decimalComma() && /^[+-]?[1-9]\d{0,2}\.\d{3}$/.test(text)
  ? { whole: text.replace(".", ""), fraction: localize(Number(text)) } : null;
