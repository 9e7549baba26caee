"use strict";
// The service's place in an exported page: the model runs here, and nothing is sent.

const model = JSON.parse(document.getElementById("model").textContent);
const home = document.baseURI;  // before another script changes the address
const here = (name) => new URL(name, home).href;
const fetchFile = globalThis.fetch.bind(globalThis);

const bytesOf = async (name) => {
  const response = await fetchFile(here(name));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};
const jsonOf = async (name) => JSON.parse(new TextDecoder().decode(await bytesOf(name)));

const load = async () => {
  const runtime = await import(here("onnxruntime.js"));
  // One thread needs no headers that isolate the page from other origins.
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = { wasm: here("onnxruntime.wasm") };
  const session = await runtime.InferenceSession.create(await bytesOf("model.onnx"), { executionProviders: ["wasm"] });
  if (!model.text) return { runtime, session };
  const { Tokenizer } = await import(here("tokenizers.js"));
  return { runtime, session, tokenizer: new Tokenizer(await jsonOf("tokenizer.json"), {}) };
};
const loaded = load();

// Returns texts' tokens; none for a table.
const readTexts = async (rows) => {
  const { tokenizer } = await loaded;
  return model.text ? rows.map((row) => tokensOf(tokenizer, row[model.features[0].name], model.text)) : [];
};

// Returns the model's outputs, an array a row, and which texts were cut off.
const predict = async (rows, texts) => {
  const { runtime, session } = await loaded;
  const arrays = model.text ? arraysOfTokens(texts, model.text.padId) : arraysOfTable(rows, model);
  const feeds = Object.entries(arrays).map(([name, { type, data, width }]) => [name, new runtime.Tensor(type, data, [rows.length, width])]);
  const { data } = (await session.run(Object.fromEntries(feeds)))[session.outputNames[0]];
  const width = model.fallback.length;
  if (data.length !== rows.length * width) throw new Error(`${data.length} / ${rows.length} × ${width}`);
  const outputs = rows.map((row, i) => Array.from(data.slice(i * width, (i + 1) * width)));
  return { outputs, cut: [...texts.keys()].filter((i) => texts[i].cut) };
};

const warningsOf = (cut, invalid) => [
  ...cut.map((i) => ({
    pointer: `/instances/${i}/${model.features[0].name}`,
    detail: _("only its first {max_tokens} tokens were read; it is longer", { max_tokens: amount(model.text.maxTokens) }),
  })),
  ...invalid.map((i) => ({ pointer: `/instances/${i}`, detail: _("the model failed; this is the fallback") })),
];

let requests = 0;

// Returns the status and the content of the service's response to a request.
const answerHere = async ({ instances }) => {
  let errors = problemsOf(instances, model), texts = [];
  const request_id = String(++requests);
  if (!errors.length) {
    texts = await readTexts(instances);
    errors = unreadableOf(texts, model.features[0].name);
  }
  if (errors.length) {
    const count = amount(errors.length);
    const detail = errors.length === 1 ? _("The input has {count} problem.", { count }) : _("The input has {count} problems.", { count });
    return { status: 422, content: { status: 422, detail, request_id, errors } };
  }
  const { outputs, cut } = await predict(instances, texts);
  const { predictions, degraded, invalid } = encodeRows(outputs, model);
  if (degraded && !model.degradedAnswers)
    return { status: 500, content: { status: 500, detail: _("The model failed on this input."), request_id } };
  const warnings = warningsOf(cut, invalid);
  return {
    status: 200,
    content: { predictions, model_name: model.name, model_version: model.version, degraded, ...(warnings.length ? { warnings } : {}) },
  };
};

// The form asks the service's route; the model answers in its place.
globalThis.fetch = async (resource, options) => {
  if (resource !== model.route) return fetchFile(resource, options);
  const { status, content } = await answerHere(JSON.parse(options.body));
  return new Response(JSON.stringify(content), { status, headers: { "Content-Type": "application/json" } });
};

// Compares the model's outputs with training's, for the golden cases that lie beside the page.
const checkGolden = async () => {
  const state = document.getElementById("check");
  const say = (text, wrong = false) => {
    state.textContent = _("Answers are computed in this browser; nothing is sent.") + " " + text;
    state.classList.toggle("complaint", wrong);
    state.dataset.checked = wrong ? "wrong" : "right";
  };
  try {
    await loaded;
  } catch (error) {
    return say(_("The model cannot be loaded: {reason}", { reason: error.message }), true);
  }
  const cases = await jsonOf("golden.json").catch(() => []);
  let different = 0;
  for (const { input, output } of cases) {
    const { outputs: [answer] } = await predict([input], await readTexts([input]));
    if (!output.every((value, i) => Math.abs(answer[i] - value) <= model.tolerance.golden)) different++;
  }
  const counts = { different: different.toLocaleString(language), count: cases.length.toLocaleString(language) };
  if (different) say(_("The model's answers differ from training's for {different} of {count} golden cases.", counts), true);
  else say(cases.length ? _("The model answers all {count} golden cases as in training.", counts) : "");
};
addEventListener("load", checkGolden);
