// The one bridge from the client's state to React.
import { useCallback, useSyncExternalStore } from "react";
import type { MessagingClient, State } from "../client/types";
import { useMessagingContext } from "./messaging-context";

const nothing = () => {};

/** The client; null until it has been loaded. */
export function useMessaging(): MessagingClient | null {
  return useMessagingContext().client;
}

/**
 * What `select` takes from the state. It has to give the same value for the same state: take what is there,
 * and build from it with `useMemo`.
 */
export function useMessagingState<T>(select: (state: State) => T): T {
  const { client, waiting } = useMessagingContext();
  const subscribe = useCallback(
    (listener: () => void) => client?.subscribe(listener) ?? nothing,
    [client],
  );
  return useSyncExternalStore(
    subscribe,
    () => select(client?.getState() ?? waiting),
    () => select(waiting),
  );
}
