// Words that scripts show; the server puts them into the page in the reader's language.
let cached;

export function word(key, values = {}) {
  cached ??= JSON.parse(document.querySelector('meta[name="words"]')?.content || "{}");
  const text = cached[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function language() {
  return document.documentElement.lang || "en";
}
