// Whatever people do, and however often connections are cut and the service killed: in the end each client
// knows what the service knows, and each message is there once, in its place.
import { expect, test } from "vitest";
import { conversationsOf, type Message, type MessagingClient, statusOf } from "../../src/client";
import { agree, emptyService, isLive, Person, until } from "./people";
import { wireTo } from "./wire";

const seeds = process.env.SEED === undefined ? [1, 2, 3] : [Number(process.env.SEED)];
const acts = 150;

/** Chance that a failure can be had again with: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** All that is shown of what a client knows. */
function shown(client: MessagingClient): unknown {
  const { conversations, inbox, archive, threads, unreadTotal, position } = client.getState();
  const told = (message: Message): Message => {
    const conversation = conversations[message.conversationId];
    return conversation ? { ...message, status: statusOf(message, conversation) } : message;
  };
  const list = (archived: boolean): unknown[] =>
    conversationsOf(conversations, archived ? archive : inbox, archived).map((conversation) => ({
      ...conversation,
      lastMessage: conversation.lastMessage && told(conversation.lastMessage),
    }));
  const messages = Object.entries(threads).sort().map(([id, thread]) => [id, thread.messages.map(told)]);
  return { unreadTotal, position, inbox: list(false), archive: list(true), messages };
}

/** Brings in all there is. */
async function showAll(client: MessagingClient, ids: readonly string[]): Promise<void> {
  await client.loadConversations("archive");
  for (const id of ids) {
    await until(client, () => client.getState().threads[id]?.status === "ready");
    while (client.getState().threads[id]?.hasBefore) await client.loadMessages(id, "before");
    while (client.getState().threads[id]?.hasAfter) await client.loadMessages(id, "after");
  }
}

test.each(seeds)("chaos ends in agreement (SEED=%i)", { timeout: 60_000 }, async (seed) => {
  const pick = chance(seed);
  const one = <T>(of: readonly T[]): T => of[pick(of.length)] ?? expect.fail("nothing to pick from");
  const service = await emptyService();
  const wire = await wireTo(service.url);
  const people = await Promise.all(["ann", "bob", "carol"].map((name) => Person.register(service.url, name)));
  const [ann, bob, carol] = people as [Person, Person, Person];
  // Ann has two devices.
  const clients = [ann, ann, bob, carol].map((person) => ({ person, client: person.client(wire.url) }));
  for (const { client } of clients) await until(client, isLive);
  const [hers, , his, carols] = clients.map(({ client }) => client);
  if (!hers || !his || !carols) throw new Error("somebody is missing");
  const withBob = (await hers.startConversation({ sellerId: bob.id })).id;
  const withCarol = (await carols.startConversation({ sellerId: ann.id })).id;
  const among = (await his.startConversation({ sellerId: carol.id })).id;
  const idsOf = new Map([
    [ann, [withBob, withCarol]],
    [bob, [withBob, among]],
    [carol, [withCarol, among]],
  ]);
  const rooms = clients.map(({ person, client }) => ({ person, client, ids: idsOf.get(person) ?? [] }));
  for (const { client, ids } of rooms) for (const id of ids) client.open(id);

  const sent = new Map<string, { client: MessagingClient; id: string }>();
  /** What has no answer when the connection ends may be done or not: all the same to the agreement. */
  const attempts: Promise<unknown>[] = [];
  const attempt = (act: Promise<unknown>): void => void attempts.push(act.catch(() => {}));
  for (let act = 0; act < acts; act++) {
    const { person, client, ids } = one(rooms);
    const id = one(ids);
    const own = (client.getState().threads[id]?.messages ?? []).filter(({ senderId, deletedAt }) => senderId === person.id && !deletedAt);
    const what = pick(100);
    if (what < 50) {
      sent.set(client.send(id, `message ${act}`).clientId, { client, id });
    } else if (what < 62) {
      if (own.length) attempt(client.edit(one(own), `edited ${act}`));
    } else if (what < 68) {
      if (own.length) attempt(client.remove(one(own)));
    } else if (what < 80) {
      client.markRead(id, pick((client.getState().conversations[id]?.lastSeq ?? 0) + 1));
    } else if (what < 86) {
      attempt(client.configure(id, { [one(["archived", "muted"])]: pick(2) === 1 }));
    } else if (what < 90) {
      attempt(client.configure(id, { blocked: pick(3) === 0 }));
    } else if (what < 93) {
      client.stop();
      client.start();
    } else if (what < 97) {
      wire.cut();
    } else if (what < 98) {
      await service.kill();
      await service.start();
    }
    // Others get their turn; some acts have an answer by then, some do not.
    await (pick(3) ? Promise.resolve() : Promise.race([attempts.at(-1), fetch(`${service.url}/healthz`)]));
  }
  await Promise.all(attempts);
  for (const { client } of rooms) {
    await until(client, isLive);
    await until(client, () => Object.values(client.getState().outbox).flat().every(({ status }) => status === "failed"));
  }

  const fresh = rooms.map(({ person, ids }) => {
    const client = person.client();
    for (const id of ids) client.open(id);
    return client;
  });
  for (const [place, { client, ids }] of rooms.entries()) {
    const other = fresh[place] ?? expect.fail("nobody to compare with");
    await until(other, isLive);
    await Promise.all([showAll(client, ids), showAll(other, ids)]);
    await agree(() => expect(shown(client)).toEqual(shown(other)));
    for (const id of ids) {
      const messages = client.getState().threads[id]?.messages ?? [];
      expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1));
      expect(new Set(messages.map(({ clientId }) => clientId)).size).toBe(messages.length);
    }
  }
  for (const [clientId, { client, id }] of sent) {
    const stored = client.getState().threads[id]?.messages.filter((message) => message.clientId === clientId).length;
    const waiting = client.getState().outbox[id]?.filter((message) => message.clientId === clientId).length ?? 0;
    expect([clientId, (stored ?? 0) + waiting]).toEqual([clientId, 1]);
  }
  for (const { client, ids } of rooms) {
    for (const id of ids) {
      const mine = [...sent].filter(([, by]) => by.client === client && by.id === id).map(([clientId]) => clientId);
      const order = client.getState().threads[id]?.messages.map(({ clientId }) => clientId).filter((clientId) => mine.includes(clientId));
      expect(order).toEqual(mine.filter((clientId) => order?.includes(clientId)));
    }
  }
});
