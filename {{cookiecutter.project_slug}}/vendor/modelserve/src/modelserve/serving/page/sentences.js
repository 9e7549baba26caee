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

// Returns the sentence for a count, which is its value {n}.
const plural = (n, one, many, values = {}) =>
  _(new Intl.PluralRules(language).select(n) === "one" ? one : many, { n: n.toLocaleString(language), ...values });

const decimalComma = () => (1.5).toLocaleString(language).includes(",");
const localize = (numeral) => decimalComma() ? String(numeral).replace(".", ",") : String(numeral);
const round = (value, digits = 4) => Number(Number(value).toPrecision(digits));
// With an exponent where zeros would fill the line.
const written = (value, digits = 4) => {
  const rounded = round(value, digits), size = Math.abs(rounded);
  if (size === 0 || (size >= 1e-4 && size < LARGE)) return localize(rounded);
  return rounded.toLocaleString(language, { notation: "scientific", maximumSignificantDigits: digits });
};
// With thousands separators, which a field would not read.
const grouped = (value) => Math.abs(value) >= 1000 && Math.abs(value) < LARGE ? round(value).toLocaleString(language) : written(value);
const signed = (value) => (value > 0 ? "+" : "") + grouped(value).replaceAll("-", "\u2212");
const percent = (share, digits = 1) => localize((100 * share).toFixed(digits)) + (language === "en" ? " %" : "%");

// Returns a text of bounded length: its beginning, and how long it is.
const shorten = (text) => {
  const characters = [...String(text)], count = characters.length;
  if (count <= MOST_CHARACTERS) return characters.join("");
  return characters.slice(0, MOST_CHARACTERS).join("") + "… (" + count.toLocaleString(language) + " " + _("characters") + ")";
};

// Returns the separator of a person's number: in a language with decimal commas, either.
const decimalOf = (text) => decimalComma() && /^[^.,]*,[^.,]*$/.test(text) ? "," : ".";
