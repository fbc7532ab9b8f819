// Reads [{kind, payload}, …] as JSON and writes, for each, the faults that the vendor's own library finds in it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { EmbedBuilder, embedLength } from "@discordjs/builders";

// Its ES modules name each other without endings, which Node does not take; the bundle it publishes beside them works.
const { AdaptiveCard, SerializationContext, Versions } = createRequire(import.meta.url)("adaptivecards/dist/adaptivecards.js");

function adaptive(payload) {
  const context = new SerializationContext(Versions.v1_5);
  const card = new AdaptiveCard();
  card.parse(payload, context);
  const faults = [];
  for (let index = 0; index < context.eventCount; index++) faults.push(context.getEventAt(index).message);
  for (const event of card.validateProperties().validationEvents) faults.push(event.message);
  if (card.getItemCount() !== (payload.body ?? []).length) faults.push("not every element was understood");
  if (card.getActionCount() !== (payload.actions ?? []).length) faults.push("not every action was understood");
  return faults;
}

function discord(payload) {
  const faults = [];
  const embeds = payload.embeds ?? [];
  if (embeds.length > 10) faults.push("more than 10 embeds");
  if ([...(payload.content ?? "")].length > 2000) faults.push("content of more than 2000 characters");
  if (!payload.content && !embeds.length) faults.push("an empty message");
  if (payload.username !== undefined && !/^.{1,80}$/su.test(payload.username)) faults.push("username");
  let length = 0;
  for (const embed of embeds) {
    try {
      const made = new EmbedBuilder().setTitle(embed.title ?? null).setDescription(embed.description ?? null).setURL(embed.url ?? null);
      length += embedLength(made.toJSON());
    } catch (error) {
      faults.push(`${error.name}: ${error.message}`);
    }
  }
  if (length > 6000) faults.push("embeds of more than 6000 characters");
  return faults;
}

const checks = { adaptive, discord };
const asked = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(asked.map(({ kind, payload }) => checks[kind](payload))));
