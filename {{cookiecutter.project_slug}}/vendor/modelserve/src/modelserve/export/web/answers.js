"use strict";
// Answers rows in the browser as the service does: decode, predict, encode.

const VISIBLE = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u;

// Returns an amount in a message as the service writes it: in English without separators.
const amount = (numeral) => language === "en" ? String(numeral)
  : /^\d+$/.test(numeral) ? BigInt(numeral).toLocaleString(language) : localize(numeral);

// Returns whether a text stands for a missing category.
const isMissing = ({ dtype, missing = [] }, value) => dtype === "category" && missing.includes(value);

// Returns what is wrong with a value, as the service says it; nothing for a valid one.
const problemOf = (field, value, limits) => {
  if (value === null) return _("null is not allowed: this field may not be missing");
  if (field.dtype === "category" || field.dtype === "text") {
    if (typeof value !== "string") return _("Input should be a valid string");
    const length = [...value].length;
    if (length < 1) return _("this text may not be empty");
    if (isMissing(field, value)) return _("this text stands for a missing value, and this field may not be missing");
    if (length > field.longest) return _("String should have at most {max_length} characters", { max_length: amount(field.longest) });
    return field.dtype === "category" || VISIBLE.test(value) ? "" : _("should hold something that can be read");
  }
  if (field.dtype === "boolean")
    return [true, false, 1, 0].includes(value) ? "" : _("Input should be true or false, or 1 or 0");
  const whole = field.dtype === "integer", { limit, numeral } = whole ? limits.integer : limits.number;
  if (typeof value !== "number") return whole ? _("Input should be a valid integer") : _("Input should be a valid number");
  if (value < -limit) return _("Input should be greater than or equal to {ge}", { ge: "-" + amount(numeral) });
  if (value > limit) return _("Input should be less than or equal to {le}", { le: amount(numeral) });
  return whole && !Number.isInteger(value) ? _("Input should be a valid integer, got a number with a fractional part") : "";
};

// Returns the errors of rows, each with its JSON pointer.
const problemsOf = (rows, { features, limits, extraFields }) => rows.flatMap((row, i) => {
  const at = (name) => `/instances/${i}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  const known = features.flatMap((field) => {
    const value = row[field.name];
    if (field.nullable && (value === undefined || value === null || isMissing(field, value))) return [];
    const detail = value === undefined ? _("this field is missing") : problemOf(field, value, limits);
    return detail ? [{ pointer: at(field.name), detail }] : [];
  });
  const names = new Set(features.map(({ name }) => name));
  const extra = extraFields === "ignore" ? [] : Object.keys(row).filter((name) => !names.has(name));
  return [...known, ...extra.map((name) => ({ pointer: at(name), detail: _("there is no such field") }))];
});

// Returns a table's rows as arrays by the graph's input: NaN and "" stand for what is missing.
const arraysOfTable = (rows, { features }) => {
  const numbers = features.filter(({ dtype }) => dtype !== "category");
  const categories = features.filter(({ dtype }) => dtype === "category");
  const valuesOf = (fields, missing) => rows.flatMap((row) => fields.map((field) =>
    isMissing(field, row[field.name]) ? missing : row[field.name] ?? missing));
  return {
    ...(numbers.length ? { features: { type: "float32", data: Float32Array.from(valuesOf(numbers, NaN), Number), width: numbers.length } } : {}),
    ...(categories.length ? { categories: { type: "string", data: valuesOf(categories, ""), width: categories.length } } : {}),
  };
};

// Returns a text's tokens and whether it was cut off: a tokenizer of Hugging Face's package does not
// truncate, and has no id for unknown words of a plain list.
const tokensOf = (tokenizer, text, { maxTokens, unknownId }) => {
  const idsOf = (special) => tokenizer.encode(text, { add_special_tokens: special }).ids.map((id) => id ?? unknownId);
  const whole = idsOf(true);
  if (whole.length <= maxTokens) return { ids: whole, cut: false };
  const words = idsOf(false), added = whole.length - words.length;
  let before = 0;
  while (before < added && !words.every((id, i) => whole[before + i] === id)) before++;
  const after = before + words.length;
  return { ids: [...whole.slice(0, before), ...words.slice(0, maxTokens - added), ...whole.slice(after)], cut: true };
};

// Returns the errors of texts that the tokenizer cannot read: those without a token, and those with
// characters that are in no token.
const unreadableOf = (texts, name) => texts.flatMap(({ ids }, i) => {
  const pointer = `/instances/${i}/${name}`;
  if (!ids.length) return [{ pointer, detail: _("should hold something that can be read") }];
  return ids.every((id) => id !== null && id !== undefined) ? [] : [{ pointer, detail: _("holds characters that the model's tokenizer cannot read") }];
});

// Returns texts' tokens as arrays by the graph's input, padded to the longest.
const arraysOfTokens = (texts, padId) => {
  const width = Math.max(...texts.map(({ ids }) => ids.length));
  const fill = (valueOf) => BigInt64Array.from(texts.flatMap(({ ids }) => Array.from({ length: width }, (each, i) => BigInt(valueOf(ids, i)))));
  return {
    input_ids: { type: "int64", data: fill((ids, i) => ids[i] ?? padId), width },
    attention_mask: { type: "int64", data: fill((ids, i) => i < ids.length ? 1 : 0), width },
  };
};

// Of two numerals that are equally near, C and Python write the even one; JavaScript the larger.
// `exact` is the absolute value with all its digits, of which `kept` characters are written.
const isTieToEven = (exact, kept) => /^50*$/.test(exact.slice(kept)) && "02468".includes(exact.slice(0, kept).at(-1));
const toSixDecimals = (value) => {
  const exact = Math.abs(value).toFixed(66), kept = exact.length - 60;
  return isTieToEven(exact, kept) ? Math.sign(value) * Number(exact.slice(0, kept)) : Number(value.toFixed(6));
};
const toSevenDigits = (value) => {
  const [exact, exponent] = Math.abs(value).toExponential(99).split("e");
  return isTieToEven(exact, 8) ? Math.sign(value) * Number(exact.slice(0, 8) + "e" + exponent) : Number(value.toPrecision(7));
};

// Returns whether a row of outputs is valid: probabilities, or a value within its bounds.
const isValid = (row, { labels, bounds, tolerance }) => {
  if (!row.every(Number.isFinite)) return false;
  if (labels.length) return Math.min(...row) >= Math.fround(tolerance.negative) && Math.abs(row.reduce((sum, share) => sum + share, 0) - 1) <= tolerance.sum;
  return row[0] >= Math.fround(bounds.minimum ?? -Infinity) && row[0] <= Math.fround(bounds.maximum ?? Infinity);
};

// Returns one row's prediction. `reach` is how far the interval extends on either side.
const encodeRow = (row, { labels, decision, bounds }, reach) => {
  if (labels.length) {
    const positive = decision?.positive;
    const code = decision ? (row[positive] >= decision.threshold ? positive : 1 - positive) : row.indexOf(Math.max(...row));
    return { label: labels[code], probabilities: Object.fromEntries(labels.map((label, i) => [label, toSixDecimals(row[i])])) };
  }
  const [value] = row, { interval } = bounds;
  return {
    value: toSevenDigits(value),
    ...(interval ? {
      lower: toSevenDigits(Math.max(value - reach, bounds.minimum ?? -Infinity)),
      upper: toSevenDigits(Math.min(value + reach, bounds.maximum ?? Infinity)),
    } : {}),
  };
};

// Returns the predictions of a request's rows; the fallback answers where the model does not.
const encodeRows = (outputs, model) => {
  const valid = outputs.map((row) => isValid(row, model)), degraded = valid.includes(false);
  const { interval } = model.bounds, fallback = model.fallback.map(Math.fround);
  const predictions = outputs.map((row, i) => {
    const reach = valid[i] ? interval?.half_width : interval?.fallback_half_width;
    return encodeRow(valid[i] ? row : fallback, model, degraded ? Math.fround(reach) : reach);
  });
  const invalid = [...valid.keys()].filter((i) => !valid[i]);
  return { predictions, degraded, invalid };
};
