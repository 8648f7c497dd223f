// Renders components for component tests: in English, with a client of the scripted service.
import { cleanup, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach } from "vitest";
import { createMessagingClient } from "../client";
import type { MessagingClient } from "../client/types";
import { MessagingProvider, type MessagingProviderProps } from "./provider";
import type { ScriptedService } from "./scripted-service.test.support";

const clients = new Set<MessagingClient>();

afterEach(() => {
  cleanup();
  for (const client of clients) client.stop();
  clients.clear();
});

type Presentation = Pick<
  MessagingProviderProps,
  "locale" | "strings" | "theme" | "onOpenConversation" | "onSignIn"
>;

export function renderFor(service: ScriptedService, children: ReactNode, props: Presentation = {}) {
  const client = createMessagingClient(service.options);
  clients.add(client);
  const view = render(
    <MessagingProvider client={client} locale="en" {...props}>
      {children}
    </MessagingProvider>,
  );
  return { client, ...view };
}
