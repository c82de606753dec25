import { useRef } from "preact/hooks";
import { setApiKey, wantsKey } from "../server.ts";
import { facts, load } from "../store.ts";

/** Asks for the key of a server that wants one. */
export function KeyField() {
  const element = useRef<HTMLInputElement>(null);
  if (!wantsKey.value) return null;
  return (
    <form
      class="card key-field"
      onSubmit={(event) => {
        event.preventDefault();
        setApiKey(element.current!.value.trim());
        if (facts.value === undefined) void load();
      }}
    >
      <label for="key">API key of this server</label>
      <div class="actions">
        <input id="key" ref={element} type="password" autocomplete="off" required />
        <button type="submit">Use it</button>
      </div>
    </form>
  );
}
