/** What a stream of server-sent events reads from: numbered things, the latest of them kept. */
export interface EventSource {
  readonly lastId: number;
  /** Behind which one a reader begins who has seen none. */
  readonly beginId: number;
  /** Those after this one that are still kept, oldest first. */
  since(id: number): readonly NumberedEvent[];
  /** Calls `subscriber` after each new one, until the returned function is called. */
  subscribe(subscriber: () => void): () => void;
}

export interface NumberedEvent {
  readonly id: number;
  readonly kind: string;
}
