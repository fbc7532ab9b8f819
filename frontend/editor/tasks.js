// Tasks in Markdown: the day one is due, and how many days before one is reminded, stand in its words (`due:2027-03-29 remind:2`), as the
// server reads them (core/markdown.py). In the editor they are attributes.
const SAID = /(^|\s)(?:due:(\d{4}-\d{2}-\d{2})|remind:(\d{1,3}))(?=\s|$)/g;
const USUAL = "1";

// The Markdown of a task, with what its attributes say at the end of its first line.
export function withDay(markdown, attributes) {
  const day = attributes?.["data-due-on"];
  if (!day) return markdown;
  const remind = attributes["data-remind"];
  const [first, ...more] = markdown.split("\n");
  return [`${first} due:${day.slice(0, 10)}${remind && remind !== USUAL ? ` remind:${remind}` : ""}`, ...more].join("\n");
}

// A task read from Markdown, with its day as attributes and no longer in its words.
export function heard(task) {
  const found = {};
  for (const text of task.content?.[0]?.content ?? []) {
    if (text.type !== "text") continue;
    text.text = text.text.replace(SAID, (all, space, day, days) => {
      const name = day ? "data-due-on" : "data-remind";
      if (found[name]) return all;
      found[name] = day ?? days;
      return "";
    });
  }
  if (task.content?.[0]?.content) task.content[0].content = task.content[0].content.filter((one) => one.type !== "text" || one.text);
  if (found["data-due-on"]) task.attrs = { ...task.attrs, "data-remind": USUAL, ...found };
  return task;
}
