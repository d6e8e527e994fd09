/** What a program does with the generated TypeScript types: register, create, list, and be refused. */

import createClient from "openapi-fetch";
import type { paths } from "./api.mjs";

const [, , server = ""] = process.argv;
const api = createClient<paths>({ baseUrl: server });

const email = `${crypto.randomUUID()}@example.com`;
const account = { email, password: "Apollo-and-Artemis-11" };
const { data: tokens } = await api.POST("/api/v1/auth/register", { body: account });
if (!tokens) throw new Error("no account");
api.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
  },
});

const { data: project } = await api.POST("/api/v1/projects", {
  body: { name: "Apollo", description: "To the moon" },
});
if (!project) throw new Error("no project");
const { data: page } = await api.GET("/api/v1/projects");
const names = page?.items?.map((one) => one.name);
if (names?.join() !== "Apollo") throw new Error(`projects: ${names}`);

const { error } = await api.GET("/api/v1/projects/{project_id}", {
  params: { path: { project_id: project.id + 1000 } },
});
if (error?.status !== 404) throw new Error(`not a 404: ${JSON.stringify(error)}`);
console.log(`TypeScript: project ${project.id}, and a 404 as a Problem`);
