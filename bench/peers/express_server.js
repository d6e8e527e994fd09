// The Express server that `bench.rest` compares with: sessions, projects with roles, tasks, a log of
// events. It does what ours does for the same requests: the token is verified, its session and person are
// looked up in one query, the role is read with the project, a change and its events are one transaction.
// Registering and logging in skip the password hash, for they are not timed.
//
//     DATABASE=file.db SECRET_KEY=... SYNCHRONOUS=FULL node express_server.js PORT
'use strict';

const Database = require('better-sqlite3');
const express = require('express');
const jwt = require('jsonwebtoken');

const SECRET = process.env.SECRET_KEY;
const TOKEN_SECONDS = 3600;
const MAX_LIMIT = 100;

const db = new Database(process.env.DATABASE);
db.pragma('journal_mode = WAL');
db.pragma(`synchronous = ${process.env.SYNCHRONOUS || 'FULL'}`);
db.pragma('foreign_keys = ON');
db.exec(`
CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  disabled_at TEXT);
CREATE TABLE IF NOT EXISTS sessions (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users,
  ended_at TEXT);
CREATE TABLE IF NOT EXISTS projects (id INTEGER PRIMARY KEY, name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL DEFAULT 1, created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS members (project_id INTEGER NOT NULL REFERENCES projects,
  user_id INTEGER NOT NULL REFERENCES users, role TEXT NOT NULL, PRIMARY KEY (project_id, user_id));
CREATE INDEX IF NOT EXISTS members_of ON members (user_id, project_id);
CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects,
  owner_id INTEGER NOT NULL REFERENCES users, title TEXT NOT NULL, description TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'todo', priority TEXT NOT NULL DEFAULT 'normal', assignee_id INTEGER,
  due_at TEXT, due_zone TEXT NOT NULL DEFAULT 'UTC', tags TEXT NOT NULL DEFAULT '[]', position TEXT NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tasks_newest ON tasks (project_id, id DESC);
CREATE INDEX IF NOT EXISTS tasks_status ON tasks (project_id, status, position);
CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,
  type TEXT NOT NULL, actor INTEGER NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of ON events (topic, id);
`);

const person = db.prepare(`SELECT u.id, u.name FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = ? AND s.ended_at IS NULL AND u.disabled_at IS NULL`);
const seen = 'p.id, p.name, p.description, m.role, p.created_at, p.updated_at';
const listed = db.prepare(`SELECT ${seen} FROM members m JOIN projects p ON p.id = m.project_id
  WHERE m.user_id = ? AND m.project_id > ? ORDER BY m.project_id LIMIT ?`);
const one = db.prepare(`SELECT ${seen}, p.version FROM projects p
  JOIN members m ON m.project_id = p.id AND m.user_id = ? WHERE p.id = ?`);
const role = db.prepare('SELECT role FROM members WHERE project_id = ? AND user_id = ?');
const tasksOf = db.prepare('SELECT * FROM tasks WHERE project_id = ? AND id < ? ORDER BY id DESC LIMIT ?');
const lastPlace = db.prepare(
  'SELECT position FROM tasks WHERE project_id = ? AND status = ? ORDER BY position DESC LIMIT 1',
);
const addUser = db.prepare('INSERT INTO users (email, name) VALUES (?, ?)');
const addSession = db.prepare('INSERT INTO sessions (user_id) VALUES (?)');
const addProject = db.prepare(
  'INSERT INTO projects (name, description, created_at, updated_at) VALUES (?, ?, ?, ?)',
);
const addMember = db.prepare('INSERT INTO members VALUES (?, ?, ?)');
const addEvent = db.prepare(
  'INSERT INTO events (topic, type, actor, data, created_at) VALUES (?, ?, ?, ?, ?)',
);
const addTask = db.prepare(`INSERT INTO tasks (project_id, owner_id, title, description, tags, position,
  created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`);

const record = (project, type, actor, data, now) =>
  addEvent.run(`project:${project}`, type, actor, JSON.stringify(data), now);

const createProject = db.transaction((name, description, owner) => {
  const now = new Date().toISOString();
  const id = Number(addProject.run(name, description, now, now).lastInsertRowid);
  addMember.run(id, owner, 'owner');
  record(id, 'project.created', owner, { project_id: id, name }, now);
  record(id, 'member.added', owner, { project_id: id, user_id: owner, role: 'owner' }, now);
  return { id, name, description, role: 'owner', created_at: now, updated_at: now };
});

const createTask = db.transaction((body, owner) => {
  const now = new Date().toISOString();
  const last = lastPlace.get(body.project_id, 'todo');
  const position = String(Number(last ? last.position : 0) + 1).padStart(12, '0');
  const tags = JSON.stringify(body.tags || []);
  const { project_id: project, title, description } = body;
  const task = addTask.get(project, owner, title, description || '', tags, position, now, now);
  record(project, 'task.created', owner, { task_id: task.id, title, status: task.status }, now);
  return shown(task);
});

const shown = (task) => ({ ...task, tags: JSON.parse(task.tags) });

const cursorOf = (id) => Buffer.from(JSON.stringify(['id', id])).toString('base64url');

function pageOf(query, start) {
  const limit = Number(query.limit || 20);
  const after = query.cursor ? JSON.parse(Buffer.from(query.cursor, 'base64url').toString())[1] : start;
  return Number.isInteger(limit) && limit > 0 && limit <= MAX_LIMIT ? { limit, after } : null;
}

const answered = (rows, limit) => ({
  items: rows.slice(0, limit),
  next_cursor: rows.length > limit ? cursorOf(rows[limit - 1].id) : null,
});

const app = express();
app.disable('x-powered-by');
app.use(express.json());

function identify(request, response, next) {
  const [scheme, token] = (request.headers.authorization || '').split(' ');
  let claims;
  try {
    claims = jwt.verify(scheme === 'Bearer' ? token : '', SECRET, { algorithms: ['HS256'] });
  } catch {
    return response.status(401).json({ title: 'bad token' });
  }
  request.person = person.get(claims.sid);
  return request.person ? next() : response.status(401).json({ title: 'no such session' });
}

app.get('/health', (request, response) => response.json({ status: 'ok' }));

app.post('/api/v1/auth/register', (request, response) => {
  const { email, name } = request.body;
  const user = Number(addUser.run(email, name).lastInsertRowid);
  const sid = Number(addSession.run(user).lastInsertRowid);
  const token = jwt.sign({ sub: String(user), sid }, SECRET, { expiresIn: TOKEN_SECONDS });
  response.status(201).json({ access_token: token });
});

app.use('/api/v1', identify);

app.get('/api/v1/projects', (request, response) => {
  const page = pageOf(request.query, 0);
  if (!page) return response.status(422).json({ title: 'bad page' });
  return response.json(answered(listed.all(request.person.id, page.after, page.limit + 1), page.limit));
});

app.post('/api/v1/projects', (request, response) => {
  const { name, description = '' } = request.body;
  if (typeof name !== 'string' || !name) return response.status(422).json({ title: 'bad name' });
  return response.status(201).json(createProject(name, description, request.person.id));
});

app.get('/api/v1/projects/:id', (request, response) => {
  const found = one.get(request.person.id, Number(request.params.id));
  if (!found) return response.status(404).json({ title: 'no such project' });
  const { version, ...project } = found;
  response.set('ETag', `"${version}"`); // Express answers 304 by itself where it is known
  return response.json(project);
});

app.get('/api/v1/tasks', (request, response) => {
  const page = pageOf(request.query, Number.MAX_SAFE_INTEGER);
  const project = Number(request.query.project_id);
  if (!page) return response.status(422).json({ title: 'bad page' });
  if (!role.get(project, request.person.id)) return response.status(404).json({ title: 'no such project' });
  const rows = tasksOf.all(project, page.after, page.limit + 1).map(shown);
  return response.json(answered(rows, page.limit));
});

app.post('/api/v1/tasks', (request, response) => {
  const { title, project_id: project } = request.body;
  if (typeof title !== 'string' || !title) return response.status(422).json({ title: 'bad title' });
  const may = role.get(project, request.person.id);
  if (!may) return response.status(404).json({ title: 'no such project' });
  if (may.role === 'viewer') return response.status(403).json({ title: 'viewers only read' });
  return response.status(201).json(createTask(request.body, request.person.id));
});

app.listen(Number(process.argv[2]), '127.0.0.1');
