// Unsent text, kept in this browser until the form went through.
const AGE = 30 * 86_400_000;
const prefix = "llmio.draft.";

export function read(key) {
  try {
    const held = JSON.parse(localStorage.getItem(prefix + key));
    return held && Date.now() - held.at < AGE ? held : null;
  } catch {
    return null;
  }
}

export function write(key, value, format) {
  try {
    localStorage.setItem(prefix + key, JSON.stringify({ value, format, at: Date.now() }));
  } catch {
    // A full or closed store must not keep anyone from writing.
  }
}

export function clear(key) {
  try {
    localStorage.removeItem(prefix + key);
  } catch {
    // As above.
  }
}
