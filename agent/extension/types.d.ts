// What the extension's files hand to each other, for the check of types in their comments (make extension-lint). Nothing
// of it is in what browsers get.

/** The browser's interfaces; tests hand in others. */
type Chrome = typeof chrome;

/** What came from outside, or goes there: its keys are checked where they are used. */
type Params = Record<string, any>;

/** A text in the person's language, with its parts filled in; "" for a name that does not exist. */
type Say = (name: string, parts?: string[]) => string;

/** A frame as the browser lists it, with what a Finder adds. */
interface Frame {
  frameId: number;
  parentFrameId: number;
  url: string;
  /** The browser's number of its process, 0 or none if it is not known. */
  processId: number;
  documentId?: string;
  documentLifecycle?: string;
  /** Why its process is not known. */
  lost?: "late" | "refused";
  /** It answered just now. */
  live?: boolean;
}

interface TabFrames {
  tab: number;
  frames: Frame[];
}

/** A frame as it is said to the agent. */
interface SaidFrame {
  tab: number;
  frame: number;
  origin: string;
  top: string;
  hidden: boolean;
  audible: boolean;
  focused?: true;
  full?: true;
}

/** What a message of JSON-RPC's shape may hold. */
interface Message {
  id?: number;
  method?: string;
  params?: Params;
  result?: Params;
  error?: { code: string };
}

/** Functions by method: of the params of a request to its result, or of the params of an event. */
type Methods = Record<string, (params: Params) => unknown>;

type LineState = "ok" | "no_program" | "no_agent" | "old_program" | "old_extension";

/** What keepLine returns. */
interface Line {
  request(method: string, params: Params | undefined, patience: number): Promise<Params | undefined>;
  state(): LineState;
  measures(yes: boolean): void;
}

interface FlaggedSite {
  site: string;
  /** When, in milliseconds since 1970. */
  since: number;
}

/** A row of the popup with every key of the kind it should be. */
interface Row {
  renderer: number;
  /** Cores of CPU time used now; machine and samples are in percent of the computer and hundredths of a core. */
  cores: number;
  machine: number;
  busy: number;
  samples: number[];
  state: string;
  severity: string;
  alert: string;
  canAllow: boolean;
  snoozed: boolean;
  allowed: boolean;
  why: string[];
  origins: string[];
  tops: string[];
  last: string;
  tabs: { tab: number; origin: string; hidden: boolean }[];
}

/** What step.js has a page hold. */
declare var minewatchHeld: ArrayBuffer[] | undefined;

// Only Firefox has these.
declare namespace chrome.runtime {
  const getBrowserInfo: (() => Promise<unknown>) | undefined;
  function getFrameId(of: Element): number;
}
