/** Clients of Aisle's model server and collector; paths, bodies and answers are those of their OpenAPI documents. */
import type { paths as CollectorPaths } from "./collector.ts";
import type { paths as ModelServerPaths } from "./model-server.ts";

/** An API key is for backends only; a browser holds a token for its visitor. */
export type Credentials = { key: string } | { token: string };

/** RFC 9457, and what an answer has beside it, such as the `results` of refused events. */
export interface Problem {
  type?: string;
  title: string;
  detail: string;
  [member: string]: unknown;
}

/** An answer that is no success. */
export class ProblemError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(`${status}: ${problem.detail}`);
    this.status = status;
    this.problem = problem;
  }
}

type Json<Content> = Content extends { content: { "application/json": infer Value } } ? Value : never;
type Posted<Operations> = Operations extends { post: infer Operation } ? Operation : never;
type Body<Operations> = Posted<Operations> extends { requestBody: infer Content } ? Json<Content> : never;
type Success<Responses> = Responses extends { 200: infer Ok } ? Ok : Responses extends { 202: infer Taken } ? Taken : never;
type Answer<Operations> = Posted<Operations> extends { responses: infer Responses } ? Json<Success<Responses>> : never;
type Posts<Paths> = { [Path in keyof Paths]: Body<Paths[Path]> extends never ? never : Path }[keyof Paths] & string;

class Server<Paths> {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, credentials: Credentials) {
    this.#url = url.replace(/\/$/, "");
    this.#headers = "key" in credentials ? { "x-api-key": credentials.key } : { authorization: `Bearer ${credentials.token}` };
  }

  /** Posts to any path of the document; `init` may have a `signal` or `keepalive`. */
  async post<Path extends Posts<Paths>>(path: Path, body: Body<Paths[Path]>, init: RequestInit = {}): Promise<Answer<Paths[Path]>> {
    const headers = { ...this.#headers, "content-type": "application/json" };
    const response = await fetch(this.#url + path, { ...init, method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new ProblemError(response.status, await problemOf(response));
    return (await response.json()) as Answer<Paths[Path]>;
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return { title: response.statusText, detail: text.slice(0, 200) };
  }
}

type ServerBody<Path extends Posts<ModelServerPaths>> = Body<ModelServerPaths[Path]>;
export type RecommendationRequest = ServerBody<"/v1/recommendations">;
export type PredictionRequest = ServerBody<"/v1/purchase-prediction">;
export type Events = Body<CollectorPaths["/v1/events"]>;

/** Lists, predictions, and why they are as they are. */
export class ModelServer extends Server<ModelServerPaths> {
  /** Products for a placement, best first. */
  recommend(request: RecommendationRequest, init?: RequestInit) {
    return this.post("/v1/recommendations", request, init);
  }

  /** What `recommend` answers now, and why each product is there. */
  explainRecommendations(request: RecommendationRequest, init?: RequestInit) {
    return this.post("/v1/recommendations/explanation", request, init);
  }

  /** The probability that an order still follows in the session. */
  predictPurchase(request: PredictionRequest, init?: RequestInit) {
    return this.post("/v1/purchase-prediction", request, init);
  }

  /** What `predictPurchase` answers now, and what each feature adds. */
  explainPurchase(request: PredictionRequest, init?: RequestInit) {
    return this.post("/v1/purchase-prediction/explanation", request, init);
  }
}

/** Takes events into Kafka. */
export class Collector extends Server<CollectorPaths> {
  /** What became of each event. After a 503, or none at all, send the same again: the ids make that safe. */
  send(events: Events, init?: RequestInit) {
    return this.post("/v1/events", events, { keepalive: true, ...init });
  }
}
