"use strict";
// The page's language: sentences, by the English ones, and how numbers are written.

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
const round = (value) => Number(Number(value).toPrecision(4));
const written = (value) => localize(round(value));
// With thousands separators, which a field would not read.
const grouped = (value) => Math.abs(value) >= 1000 && Math.abs(value) < 1e15 ? round(value).toLocaleString(language) : written(value);
const signed = (value) => (value > 0 ? "+" : "") + grouped(value).replace("-", "\u2212");
const percent = (share, digits = 1) => localize((100 * share).toFixed(digits)) + (language === "en" ? " %" : "%");

// Returns the separator of a person's number: in a language with decimal commas, either.
const decimalOf = (text) => decimalComma() && /^[^.,]*,[^.,]*$/.test(text) ? "," : ".";
