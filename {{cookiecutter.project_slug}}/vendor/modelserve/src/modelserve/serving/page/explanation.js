// An explanation as bars: how far each field, or each part of a text, moved the answer from the base.

const MOST_BARS = 20;

const makeShare = (name, contribution, widest) => {
  const row = make("div", "", { class: "share" }), track = make("div", "", { class: "track" }), fill = make("i");
  const width = 50 * Math.abs(contribution) / widest;
  fill.style.width = width + "%";
  fill.style.left = (contribution < 0 ? 50 - width : 50) + "%";
  if (contribution < 0) fill.className = "against";
  track.append(fill);
  row.append(make("span", name), track, make("span", signed(contribution)));
  return row;
};

// Of a table, the base is a mean; of a text, the answer with every word hidden.
const describeBase = (isText, isValue, label, base) => {
  if (isValue && isText) return _("The value is {base} with every word hidden.", { base: grouped(base) });
  if (isValue) return _("The value is {base} on average.", { base: grouped(base) });
  return isText ? _("The probability of {label} is {base} with every word hidden.", { label, base: written(base) })
    : _("The probability of {label} is {base} on average.", { label, base: written(base) });
};

// Returns elements for the contributions, the largest first; null stands for no explanation.
const makeExplanation = (explanation, isValue) => {
  const title = make("h3", _("Explanation"));
  if (explanation === null) return [title, make("p", _("There is none for this answer."))];
  const { of, base, contributions } = explanation, isText = Array.isArray(contributions);
  const pairs = isText ? contributions : Object.entries(contributions).map(([name, share]) => [readable(name), share]);
  const sorted = [...pairs].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const widest = Math.abs(sorted[0]?.[1] ?? 0) || 1, rest = sorted.length - MOST_BARS;
  const shares = make("div", "", { class: "shares" });
  shares.append(...sorted.slice(0, MOST_BARS).map(([name, contribution]) => makeShare(name, contribution, widest)));
  return [
    title,
    make("p", describeBase(isText, isValue, of, base) + " " +
      (isText ? _("What this text's words add to it:") : _("What this row's values add to it:"))),
    shares,
    ...(rest > 0 ? [make("small", _("and {n} more, each with less", { n: rest }))] : []),
  ];
};
