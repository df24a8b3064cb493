CREATE TABLE workspaces (
  id BIGSERIAL NOT NULL,
  name TEXT NOT NULL,
  plan TEXT DEFAULT 'paid' NOT NULL,
  timezone FLOAT DEFAULT '0' NOT NULL,
  signing BOOLEAN NOT NULL,
  signing_secret BYTEA,
  old_signing_secret BYTEA,
  old_signing_secret_until BIGINT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE apis (
  id BIGSERIAL NOT NULL,
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  method TEXT NOT NULL,
  url TEXT NOT NULL,
  header_names TEXT DEFAULT '[]' NOT NULL,
  header_values BYTEA,
  params TEXT DEFAULT '[]' NOT NULL,
  output TEXT,
  timeout_s FLOAT NOT NULL,
  on_failure TEXT,
  dialect TEXT DEFAULT 'backtalk' NOT NULL,
  mapping TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (workspace_id, name),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);

CREATE TABLE attributes (
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, name),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);

CREATE TABLE bots (
  id BIGSERIAL NOT NULL,
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  draft TEXT NOT NULL,
  revision INTEGER NOT NULL,
  live_version INTEGER,
  last_sequence_id INTEGER DEFAULT '0' NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);

CREATE TABLE tokens (
  id BIGSERIAL NOT NULL,
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  hash BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT,
  revoked_at BIGINT,
  PRIMARY KEY (id),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
  UNIQUE (hash)
);

CREATE TABLE channels (
  id BIGSERIAL NOT NULL,
  workspace_id BIGINT NOT NULL,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  bot_id BIGINT NOT NULL,
  key TEXT NOT NULL,
  config TEXT DEFAULT '{}' NOT NULL,
  credentials BYTEA,
  connected BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
  FOREIGN KEY(bot_id) REFERENCES bots (id),
  UNIQUE (key)
);

CREATE TABLE versions (
  bot_id BIGINT NOT NULL,
  number INTEGER NOT NULL,
  workspace_id BIGINT NOT NULL,
  document TEXT NOT NULL,
  note TEXT DEFAULT '' NOT NULL,
  published_at BIGINT NOT NULL,
  PRIMARY KEY (bot_id, number),
  FOREIGN KEY(bot_id) REFERENCES bots (id) ON DELETE CASCADE,
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);

CREATE TABLE customers (
  id BIGSERIAL NOT NULL,
  workspace_id BIGINT NOT NULL,
  channel_id BIGINT NOT NULL,
  external_id TEXT NOT NULL,
  bot_enabled BOOLEAN NOT NULL,
  profile TEXT DEFAULT '{}' NOT NULL,
  attributes TEXT DEFAULT '{}' NOT NULL,
  sources TEXT DEFAULT '{}' NOT NULL,
  last_message_text TEXT DEFAULT '' NOT NULL,
  last_message_at BIGINT,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (channel_id, external_id),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
  FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
);

CREATE INDEX ix_customers_workspace ON customers (workspace_id, id);

CREATE TABLE conversations (
  id BIGSERIAL NOT NULL,
  workspace_id BIGINT NOT NULL,
  customer_id BIGINT NOT NULL,
  channel_id BIGINT NOT NULL,
  bot_id BIGINT NOT NULL,
  state TEXT NOT NULL,
  last_seq INTEGER DEFAULT '0' NOT NULL,
  hand_over_note TEXT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
  UNIQUE (customer_id),
  FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE CASCADE,
  FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE,
  FOREIGN KEY(bot_id) REFERENCES bots (id)
);

CREATE INDEX ix_conversations_workspace ON conversations (workspace_id, updated_at);

CREATE TABLE calls (
  id BIGSERIAL NOT NULL,
  workspace_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  api_id BIGINT NOT NULL,
  api_name TEXT NOT NULL,
  customer_id BIGINT,
  conversation_id BIGINT,
  call_key TEXT,
  block TEXT,
  test BOOLEAN NOT NULL,
  method TEXT NOT NULL,
  url TEXT NOT NULL,
  outcome TEXT NOT NULL,
  http_status INTEGER,
  ms INTEGER NOT NULL,
  attempts INTEGER DEFAULT '1' NOT NULL,
  message TEXT NOT NULL,
  reply_message TEXT DEFAULT '' NOT NULL,
  reply_status BIGINT,
  notes TEXT DEFAULT '[]' NOT NULL,
  request TEXT DEFAULT '{}' NOT NULL,
  response TEXT DEFAULT '{}' NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
  FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE CASCADE,
  FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);

CREATE INDEX ix_calls_api ON calls (workspace_id, api_id, id);

CREATE INDEX ix_calls_at ON calls (at);

CREATE INDEX ix_calls_conversation ON calls (conversation_id, call_key);

CREATE INDEX ix_calls_customer ON calls (customer_id, id);

CREATE INDEX ix_calls_workspace ON calls (workspace_id, id);

CREATE TABLE effects (
  id BIGSERIAL NOT NULL,
  workspace_id BIGINT NOT NULL,
  conversation_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  body TEXT NOT NULL,
  due_at BIGINT NOT NULL,
  attempts INTEGER DEFAULT '0' NOT NULL,
  owner TEXT,
  fence INTEGER DEFAULT '0' NOT NULL,
  claimed_until BIGINT,
  PRIMARY KEY (id),
  UNIQUE (conversation_id, key),
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
  FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);

CREATE INDEX ix_effects_due ON effects (due_at);

CREATE TABLE events (
  conversation_id BIGINT NOT NULL,
  external_id TEXT NOT NULL,
  workspace_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  body TEXT NOT NULL,
  seq INTEGER,
  notes TEXT,
  PRIMARY KEY (conversation_id, external_id),
  FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE,
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);

CREATE INDEX ix_events_at ON events (at);

CREATE TABLE messages (
  conversation_id BIGINT NOT NULL,
  seq INTEGER NOT NULL,
  workspace_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  sender TEXT NOT NULL,
  body TEXT NOT NULL,
  block TEXT,
  PRIMARY KEY (conversation_id, seq),
  FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE,
  FOREIGN KEY(workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
);
