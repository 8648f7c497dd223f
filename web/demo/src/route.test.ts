// Addresses of the demo's pages.
import { describe, expect, it } from "vitest";
import { links, parseRoute } from "./route";

describe("an address", () => {
  it("names the page that its link was made for", () => {
    expect(parseRoute(links.market())).toEqual({ page: "market", as: null });
    expect(parseRoute(links.as("oliver"))).toEqual({ page: "market", as: "oliver" });
    expect(parseRoute(links.product("leica-m3"))).toEqual({ page: "product", id: "leica-m3" });
    expect(parseRoute(links.inbox())).toEqual({ page: "inbox", conversationId: null });
    expect(parseRoute(links.inbox("a/b?c"))).toEqual({ page: "inbox", conversationId: "a/b?c" });
    expect(parseRoute(links.sideBySide("ines", "theo"))).toEqual({ page: "side-by-side", left: "ines", right: "theo" });
    expect(parseRoute(links.signIn(links.product("leica-m3")))).toEqual({ page: "sign-in", next: "#/products/leica-m3" });
  });

  it("names the market when it says nothing", () => {
    expect(parseRoute("")).toEqual({ page: "market", as: null });
    expect(parseRoute("#")).toEqual({ page: "market", as: null });
  });

  it("names no page when it is none of ours", () => {
    for (const hash of ["#/products", "#/products/a/b", "#/nothing", "#/sign-in/x"]) {
      expect(parseRoute(hash)).toEqual({ page: "missing" });
    }
  });

  it("survives an escape that is none", () => {
    expect(parseRoute("#/products/%E0%A4%A")).toEqual({ page: "product", id: "%E0%A4%A" });
  });
});
