import { render } from "preact";
import { load } from "./store.ts";
import "./style.css";
import { App } from "./view/app.tsx";

render(<App />, document.getElementById("app")!);
void load();
