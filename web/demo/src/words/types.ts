// Every phrase of the demo's own, for each language to have. What the components say is theirs.
import type { Problem } from "../../../src/wire";

export interface Words {
  readonly skipToContent: string;
  readonly nav: {
    readonly label: string;
    readonly market: string;
    readonly messages: string;
    readonly sideBySide: string;
  };
  readonly signIn: string;

  readonly hero: {
    readonly eyebrow: string;
    readonly title: string;
    readonly text: string;
    readonly choose: string;
    readonly ownAccount: string;
    hello(name: string): string;
    readonly bothSides: string;
    readonly newAccount: string;
    openWindow(name: string): string;
    readonly sideBySide: string;
    readonly newWindow: string;
  };
  continueAs(name: string): string;
  signingInAs(name: string): string;
  /** What each demo person does, by id. */
  readonly about: Readonly<Record<string, string>>;

  readonly today: string;
  readonly status: { readonly available: string; readonly reserved: string; readonly sold: string };
  readonly yours: string;

  readonly product: {
    readonly back: string;
    readonly soldBy: string;
    readonly soldNote: string;
    readonly reservedNote: string;
    moreFrom(name: string): string;
    readonly missing: string;
  };

  readonly inbox: { readonly title: string };

  readonly sides: {
    readonly title: string;
    readonly text: string;
    readonly left: string;
    readonly right: string;
    readonly show: string;
    unread(count: number): string;
    opening(name: string): string;
  };

  readonly account: {
    readonly logIn: string;
    readonly register: string;
    readonly text: string;
    readonly email: string;
    readonly password: string;
    readonly passwordHint: string;
    readonly displayName: string;
    readonly displayNameHint: string;
    readonly submitLogIn: string;
    readonly submitRegister: string;
    readonly busy: string;
    readonly noAccount: string;
    readonly toRegister: string;
    readonly haveAccount: string;
    readonly toLogIn: string;
    readonly orDemo: string;
    alreadyIn(name: string): string;
  };

  readonly menu: {
    open(name: string): string;
    readonly openSignedOut: string;
    readonly you: string;
    readonly ownAccount: string;
    readonly switchTo: string;
    readonly language: string;
    readonly languageAuto: string;
    readonly theme: string;
    readonly themeSystem: string;
    readonly themeLight: string;
    readonly themeDark: string;
    readonly cut: string;
    readonly cutHint: string;
    readonly signOut: string;
  };

  readonly cut: {
    readonly title: string;
    readonly text: string;
    readonly restore: string;
    readonly refused: string;
  };
  readonly footer: { readonly text: string; readonly reference: string; readonly contract: string };
  readonly missing: { readonly title: string; readonly text: string; readonly back: string };

  /** Why a sign-in came to nothing; null when the service could not be reached. */
  refused(problem: Problem | null): string;
  /** What is wrong with a field of a form, or null to say it as the service does. */
  fieldError(field: string, problem: Problem): string | null;
  readonly tryAgain: string;
}
