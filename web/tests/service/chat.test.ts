// Two people chat through the service's own binary: over sockets, without them, and beyond the life of a token.
import { expect, test } from "vitest";
import { statusOf } from "../../src/client";
import { agree, emptyService, isLive, Person, textsOf, until } from "./people";

test("two people chat, and see what became of each message", async () => {
  const service = await emptyService();
  const ann = await Person.register(service.url, "ann");
  const bob = await Person.register(service.url, "bob");
  const [her, his] = [ann.client(), bob.client()];
  await Promise.all([until(her, isLive), until(his, isLive)]);
  const heard: string[] = [];
  his.onIncoming(({ message }) => heard.push(message.clientId));

  const { id } = await her.startConversation({ sellerId: bob.id });
  her.open(id);
  const { clientId } = her.send(id, "Is it still there?");
  await until(his, (client) => client.getState().unreadTotal === 1);
  expect(heard).toEqual([clientId]);
  const statusOfHers = (): string | undefined => {
    const { conversations, threads } = her.getState();
    const [conversation, message] = [conversations[id], threads[id]?.messages[0]];
    return conversation && message && statusOf(message, conversation);
  };
  await agree(() => expect(statusOfHers()).toBe("delivered"));

  his.open(id);
  await until(his, (client) => textsOf(client, id).length === 1);
  await until(her, (client) => client.getState().presence[id]?.online === true);
  his.markRead(id, 1);
  his.setTyping(id, true);
  await until(her, (client) => id in client.getState().typing);
  await agree(() => expect(statusOfHers()).toBe("read"));
  his.send(id, "It is.");
  await until(her, (client) => textsOf(client, id).length === 2);
  expect(her.getState().typing).toEqual({});

  const [question] = her.getState().threads[id]?.messages ?? [];
  if (!question) throw new Error("no question");
  await her.edit(question, "Is it still here?");
  const answer = his.getState().threads[id]?.messages[1];
  if (!answer) throw new Error("no answer");
  await his.remove(answer);
  for (const client of [her, his]) {
    await agree(() => expect(textsOf(client, id)).toEqual(["Is it still here?", "deleted"]));
    expect(client.getState().outbox[id] ?? []).toEqual([]);
  }
  expect(his.getState().unreadTotal).toBe(0);
});

test("without WebSocket all comes by polling", async () => {
  const service = await emptyService({ MESSAGING_WEBSOCKET: "off" });
  const ann = await Person.register(service.url, "ann");
  const bob = await Person.register(service.url, "bob");
  const [her, his] = [ann.client(), bob.client()];
  const isPolling = (client: typeof her): boolean => client.getState().connection.status === "polling";
  await Promise.all([until(her, isPolling), until(his, isPolling)]);
  const { id } = await her.startConversation({ sellerId: bob.id });
  her.open(id);
  his.open(id);
  her.send(id, "Hello?");
  await until(his, (client) => textsOf(client, id).length === 1);
  his.markRead(id, 1);
  his.send(id, "Hello!");
  await until(her, (client) => textsOf(client, id).length === 2);
  await until(her, (client) => client.getState().conversations[id]?.counterpartReadSeq === 1);
  await his.configure(id, { blocked: true });
  await until(her, (client) => client.getState().conversations[id]?.blocked === "byCounterpart");
  her.send(id, "Why?");
  await until(her, (client) => client.getState().outbox[id]?.[0]?.status === "failed");
  expect(her.getState().outbox[id]?.[0]?.error?.code).toBe("blocked");
});

test("a session outlives its token, without a new connection", async () => {
  const service = await emptyService({ MESSAGING_ACCESS_TOKEN_SECONDS: "10" });
  const ann = await Person.register(service.url, "ann");
  const client = ann.client();
  await until(client, isLive);
  const seen = new Set<string>();
  client.subscribe(() => seen.add(client.getState().connection.status));
  await agree(() => expect(ann.renewals).toBeGreaterThanOrEqual(2));
  expect(ann.renewals).toBeLessThan(5);
  expect([...seen].filter((status) => status !== "live")).toEqual([]);
  const bob = await Person.register(service.url, "bob");
  const { id } = await client.startConversation({ sellerId: bob.id });
  client.send(id, "still here");
  await until(client, () => client.getState().conversations[id]?.lastSeq === 1);
});
