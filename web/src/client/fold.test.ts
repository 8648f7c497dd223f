// What the service says happened, folded into an old snapshot, is what the service says of a fresh one. The
// fixtures are recorded from the service by its own tests, which hold them to a fold of their own.
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Conversation, DurableFrame, Inbox, Message, MessagePage, Missed } from "../wire";
import type { InnerState } from "./fold";
import type { Http } from "./http";
import { conversationsOf, statusOf } from "./selectors";
import { innerInitialState, reduce } from "./state";
import { Stream } from "./stream";

interface Picture {
  inbox: Inbox;
  archive: Inbox;
  threads: Record<string, MessagePage>;
}

interface Scenario {
  name: string;
  me: string;
  before: Picture;
  /** As they are replayed: each with its object as it is now. */
  events: DurableFrame[];
  /** As they came when they happened. */
  live: DurableFrame[];
  after: Picture;
}

const folder = new URL("../../fixtures/folding/", import.meta.url);
const scenarios = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Scenario,
);

function taken({ inbox, archive, threads }: Picture, me: string): InnerState {
  let state = reduce(innerInitialState, { type: "identified", me: { id: me, displayName: me } });
  state = reduce(state, { type: "snapshot", inbox });
  state = reduce(state, { type: "listed", list: "archive", page: archive });
  for (const [id, page] of Object.entries(threads)) {
    state = reduce(state, { type: "opening", id });
    state = reduce(state, { type: "page", id, page });
  }
  return state;
}

/** Everything that is shown of a state. */
function shown(state: InnerState): unknown {
  const told = (message: Message, conversation: Conversation) => ({
    ...message,
    status: statusOf(message, conversation),
  });
  const list = (archived: boolean) =>
    conversationsOf(state.conversations, state[archived ? "archive" : "inbox"], archived).map((conversation) => ({
      ...conversation,
      lastMessage: conversation.lastMessage && told(conversation.lastMessage, conversation),
    }));
  const threads = Object.entries(state.threads).map(([id, { messages }]) => {
    const conversation = state.conversations[id];
    return [id, conversation ? messages.map((message) => told(message, conversation)) : messages];
  });
  return {
    inbox: list(false),
    archive: list(true),
    threads: Object.fromEntries(threads) as unknown,
    unreadTotal: state.unreadTotal,
    position: state.position,
    missing: state.missing,
  };
}

/** Only threads that were looked at before can be told of. */
function fresh({ before, after, me }: Scenario): unknown {
  const threads = Object.entries(after.threads).filter(([id]) => id in before.threads);
  return shown(taken({ ...after, threads: Object.fromEntries(threads) }, me));
}

test("the fixtures hold something of everything", () => {
  const kinds = new Set(scenarios.flatMap(({ live }) => live.map(({ event }) => event)));
  expect([...kinds].sort()).toEqual([
    "conversation.created",
    "conversation.updated",
    "cursor.moved",
    "message.created",
    "message.updated",
  ]);
});

describe.each(scenarios)("$name", (scenario) => {
  test.each(["events", "live"] as const)("its %s folded into the old snapshot give the fresh one", (how) => {
    const state = scenario[how].reduce(
      (next, frame) => reduce(next, { type: "event", frame }),
      taken(scenario.before, scenario.me),
    );
    expect(shown(state)).toEqual(fresh(scenario));
  });

  test("however they come: early, late, twice, or not at all until they are asked for", async () => {
    const frames = scenario.live;
    const deliveries = fc
      .array(fc.nat(frames.length - 1), { maxLength: frames.length * 2 })
      .map((places) => places.flatMap((place) => frames[place] ?? []));
    await fc.assert(
      fc.asyncProperty(deliveries, async (delivered) => {
        let state = taken(scenario.before, scenario.me);
        const stream = new Stream(replaying(scenario), {
          event: (frame) => (state = reduce(state, { type: "event", frame })),
          snapshot: () => {},
          listed: () => 0,
        });
        await stream.catchUp();
        for (const frame of delivered) stream.accept(frame);
        await stream.catchUp();
        stream.stop();
        expect(shown(state)).toEqual(fresh(scenario));
      }),
      { numRuns: 30 },
    );
  });
});

/** A service that has the scenario's log, told a few events at a time. */
function replaying({ before, events }: Scenario): Http {
  const get = async (path: string, query: { since?: number }): Promise<Inbox | Missed> => {
    if (path === "/messages/conversations") return before.inbox;
    const missed = events.filter(({ position }) => position > (query.since ?? 0));
    const told = missed.slice(0, 7);
    return {
      events: told,
      position: told.at(-1)?.position ?? query.since ?? 0,
      epoch: before.inbox.epoch,
      more: missed.length > told.length,
    };
  };
  return { get } as unknown as Http;
}
