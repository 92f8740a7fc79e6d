// A Bot API for long polling, around the message store of @vishtar/telegram-test-api.
//
// The package has no offsets, dates messages in milliseconds, answers getMe without is_bot and
// forgets messages. These routes go before its own and follow core.telegram.org/bots/api: an update
// stays until getUpdates is called with a higher offset, messages are checked as Telegram checks
// them (4096 UTF-16 code units after parsing, balanced tags, 64-byte buttons, no tel: links), and
// tests can plant faults. It counts what each chat was sent and when, on the machine's monotonic
// clock. Usage: node telegram_api.js PORT
'use strict';

const TelegramServer = require('@vishtar/telegram-test-api');

const port = Number(process.argv[2]);
const me = {
  id: 777000111, is_bot: true, first_name: '普法', username: 'pufa_peer_bot',
};
const calls = []; // every request of the bot, in order
let faults = []; // {method, chat?, times, status, body}

// Of a push: chats that are blocked, missing, silent (the message is taken, no answer comes) or lost
// (neither), a delay of answers in seconds, and bursts of 429 after every so many messages.
let push = {};
let seen; // what sendMessage came to

function forget() {
  seen = {
    received: {}, requests: { sendMessage: 0, 429: 0 }, asked: [], times: [], order: [], unanswered: [], floods: 0, until: 0,
  };
}
forget();

function monotonic() {
  return Number(process.hrtime.bigint()) / 1e9;
}

function fault(method, chat) {
  const found = faults.find((f) => f.method === method && f.times > 0
    && (f.chat === undefined || String(f.chat) === String(chat)));
  if (found) found.times -= 1;
  return found;
}

function refuse(res, description, status = 400) {
  res.status(status).json({ ok: false, error_code: status, description });
}

// What is wrong with a text in Telegram's HTML style; undefined where nothing is.
function problem(text, parseMode) {
  let visible = text;
  if (parseMode === 'HTML') {
    const open = [];
    const allowed = /^(b|i|u|s|code|pre|a|blockquote)$/;
    for (const [, close, name] of text.matchAll(/<(\/?)([a-z]+)[^>]*>/g)) {
      if (!allowed.test(name)) return `can't parse entities: unsupported start tag "${name}"`;
      if (!close) open.push(name);
      else if (open.pop() !== name) return `can't parse entities: unmatched end tag "${name}"`;
    }
    if (open.length) return `can't parse entities: can't find end tag for "${open.pop()}"`;
    visible = text.replace(/<[^>]*>/g, '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
  }
  if (!visible.trim()) return 'message text is empty';
  if (visible.length > 4096) return 'message is too long';
  return undefined;
}

function keyboardProblem(markup) {
  for (const button of (markup.inline_keyboard || []).flat()) {
    if (button.callback_data !== undefined) {
      const size = Buffer.byteLength(button.callback_data);
      if (size < 1 || size > 64) return 'BUTTON_DATA_INVALID';
    } else if (!/^https?:\/\/[^/]/.test(button.url || '')) {
      return 'BUTTON_URL_INVALID';
    }
  }
  return undefined;
}

// Answers a message that a fault of the push hits; true where it did.
function hit(res, chat, now) {
  seen.requests.sendMessage += 1;
  seen.asked.push(now);
  const { flood_every: every = 0, flood_seconds: seconds = 1 } = push;
  if (every && seen.times.length >= every * (seen.floods + 1)) {
    seen.floods += 1;
    seen.until = now + seconds;
  }
  if (now < seen.until) {
    seen.requests[429] += 1;
    const wait = Math.ceil(seen.until - now);
    res.status(429).json({
      ok: false,
      error_code: 429,
      description: `Too Many Requests: retry after ${wait}`,
      parameters: { retry_after: wait },
    });
  } else if (push.blocked?.includes(chat)) {
    refuse(res, 'Forbidden: bot was blocked by the user', 403);
  } else if (push.missing?.includes(chat)) {
    refuse(res, 'Bad Request: chat not found');
  } else if (push.lost?.includes(chat)) {
    seen.unanswered.push(chat);
  } else {
    return false;
  }
  return true;
}

function formatUpdate(update) {
  const formatted = TelegramServer.formatUpdate(update);
  if (formatted.callback_query) formatted.callback_query.chat_instance = '1';
  if (formatted.message) delete formatted.message.botToken;
  return formatted;
}

function routes(app, server) {
  app.all('/bot:token/:method', (req, res, next) => {
    const { method } = req.params;
    calls.push({ method, body: { ...req.query, ...req.body } });
    const planted = fault(method, req.body.chat_id);
    if (planted) res.status(planted.status).json(planted.body);
    else next();
  });

  app.all('/bot:token/getMe', (req, res) => res.json({ ok: true, result: me }));
  app.all('/bot:token/setMyCommands', (req, res) => res.json({ ok: true, result: true }));
  app.all('/bot:token/answerCallbackQuery', (req, res) => res.json({ ok: true, result: true }));

  app.all('/bot:token/getUpdates', (req, res) => {
    const offset = Number(req.body.offset || 0);
    const mine = (update) => update.botToken === req.params.token;
    server.storage.userMessages = server.storage.userMessages
      .filter((update) => !mine(update) || update.updateId >= offset);
    const events = ['AddedUserMessage', 'AddedUserCommand', 'AddedUserCallbackQuery', 'Resent'];
    let timer;
    const answer = () => {
      events.forEach((event) => server.off(event, answer));
      clearTimeout(timer);
      if (res.writableEnded || res.destroyed) return;
      const waiting = server.storage.userMessages.filter(mine)
        .sort((a, b) => a.updateId - b.updateId).slice(0, Number(req.body.limit || 100));
      res.json({ ok: true, result: waiting.map(formatUpdate) });
    };
    if (server.storage.userMessages.some(mine)) {
      answer();
      return;
    }
    events.forEach((event) => server.on(event, answer));
    timer = setTimeout(answer, Number(req.body.timeout || 0) * 1000);
    res.on('close', answer);
  });

  app.all('/bot:token/sendMessage', (req, res) => {
    const { text = '', parse_mode: parseMode, reply_markup: markup } = req.body;
    const [chat, now] = [Number(req.body.chat_id), monotonic()];
    if (hit(res, chat, now)) return;
    const wrong = problem(text, parseMode) || (markup && keyboardProblem(JSON.parse(markup)));
    if (wrong) {
      refuse(res, `Bad Request: ${wrong}`);
      return;
    }
    const message = server.addBotMessage({ ...req.body }, req.params.token);
    seen.received[chat] = (seen.received[chat] || 0) + 1;
    seen.times.push(now);
    seen.order.push([chat, text.slice(0, 40), now]);
    if (push.silent?.includes(chat)) {
      seen.unanswered.push(chat);
      return;
    }
    const answer = () => res.json({
      ok: true,
      result: {
        message_id: message.message_id,
        date: Math.floor(Date.now() / 1000),
        from: me,
        chat: { id: chat, type: 'private', first_name: '张' },
        text,
        reply_markup: message.reply_markup,
      },
    });
    if (push.delay) setTimeout(answer, push.delay * 1000);
    else answer();
  });

  app.get('/control/calls', (req, res) => res.json(calls));
  app.get('/control/state', (req, res) => res.json(seen));
  app.get('/control/count', (req, res) => res.json(seen.times.length));
  app.post('/control/push', (req, res) => {
    push = req.body;
    forget();
    res.json(true);
  });
  app.post('/control/faults', (req, res) => {
    faults = req.body;
    res.json(true);
  });
  // Telegram delivering an update again under its old id, confirmed or not.
  app.post('/control/resend', (req, res) => {
    const { updateId, botToken, message } = req.body;
    server.storage.userMessages.push({
      time: Date.now(), botToken, updateId, messageId: updateId, isRead: false, message,
    });
    server.emit('Resent');
    res.json(true);
  });
}

const server = new TelegramServer(
  { port, host: '127.0.0.1', storeTimeout: 86400 },
  { routes: [routes] },
);
server.start().then(() => process.stdout.write('ready\n'));
