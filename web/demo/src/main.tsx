// Puts the marketplace into the page.
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../../src/react/styles.css";
import { App } from "./app";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/menu.css";
import "./styles/market.css";
import "./styles/welcome.css";
import "./styles/product.css";
import "./styles/forms.css";
import "./styles/messages.css";

const root = document.getElementById("app");
if (!root) throw new Error("There is no #app to put the marketplace into.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
