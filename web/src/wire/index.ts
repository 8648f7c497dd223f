// Plain names for the shapes of the contract. schema.ts is generated; nothing here adds to it.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Code = Schemas["Code"];
export type Content = Schemas["Content"];
export type Conversation = Schemas["Conversation"];
export type Inbox = Schemas["Inbox"];
export type Limits = Schemas["Limits"];
export type Message = Schemas["Message"];
export type MessagePage = Schemas["MessagePage"];
export type MessageStatus = Schemas["Status"];
export type Missed = Schemas["Missed"];
export type NewContent = Schemas["NewContent"];
export type Problem = Schemas["Problem"];
export type Product = Schemas["Product"];
export type ReadState = Schemas["ReadState"];
export type SearchHit = Schemas["SearchHit"];
export type SearchPage = Schemas["SearchPage"];
export type Settings = Schemas["ChangeSettings"];
export type Started = Schemas["Started"];
export type UnreadTotals = Schemas["UnreadTotals"];
export type User = Schemas["User"];
export type Welcome = Schemas["Welcome"];

/** A frame that a client sends. */
export type ClientFrame = Schemas["ClientFrame"];
/** A frame that the service sends. */
export type ServerFrame = Schemas["ServerFrame"];
type EventFrame = Extract<ServerFrame, { event: string }>;

/** A durable event: it has a position in the receiver's stream. */
export type DurableFrame = Extract<EventFrame, { position: number }>;
/** An event that is told once, to whoever is connected. */
export type EphemeralFrame = Exclude<EventFrame, DurableFrame>;
