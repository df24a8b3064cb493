// A small shop that answers Backtalk, with nothing but Node.
//
//   SHOP_TOKEN=… SHOP_SIGNING_SECRET=whsec_… node server.js
//
// Make one API per answer: POST http://HOST:3000/text, /image, /gallery, /buttons and /quick-replies, each with the
// header X-Secret-Token. The signing secret is in the workspace's settings.
"use strict";

const { createHmac, timingSafeEqual } = require("node:crypto");
const http = require("node:http");

const TOKEN = process.env.SHOP_TOKEN;
const SIGNING_KEY = Buffer.from(process.env.SHOP_SIGNING_SECRET.replace(/^whsec_/, ""), "base64");
const PRODUCTS = { Apples: "2.50", Pears: "3.00" };
const BUY_SEQUENCE = 2; // the id of a sequence of your bot

const buy = (name, title) => ({ title, type: "sequence", value: BUY_SEQUENCE, extra: `product=${name}` });

const ANSWERS = {
  "/text": (customer) => `Hello ${customer.first_name || "there"}!\nWe have ${Object.keys(PRODUCTS).join(", ")}.`,
  "/image": () => ({ type: "image", url: "https://example.com/shop.jpg" }),
  "/gallery": () =>
    Object.entries(PRODUCTS).map(([name, price]) => ({
      title: name,
      subtitle: price,
      image: `https://example.com/${name}.jpg`,
      url: `https://example.com/${name}`,
      buttons: [buy(name, "Buy")],
    })),
  "/buttons": () => [
    { title: "Our shop", type: "url", value: "https://example.com/" },
    { title: "Call us", type: "phone", value: "+4930123456" },
  ],
  "/quick-replies": () => Object.keys(PRODUCTS).map((name) => buy(name, `Buy ${name}`)),
};

function same(one, other) {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

// The secret token fits, and the signature (https://www.standardwebhooks.com) is right and at most five minutes old.
function isFromBacktalk(headers, body) {
  const sentAt = Number(headers["webhook-timestamp"]);
  const hmac = createHmac("sha256", SIGNING_KEY).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`);
  const expected = `v1,${hmac.update(body).digest("base64")}`;
  const inTime = Math.abs(Date.now() / 1000 - sentAt) < 300;
  const signatures = (headers["webhook-signature"] || "").split(" ");
  return same(headers["x-secret-token"] || "", TOKEN) && inTime && signatures.some((one) => same(one, expected));
}

const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const reply = (status, document) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(document));
  };
  const answer = ANSWERS[request.url];
  if (!isFromBacktalk(request.headers, body)) {
    reply(401, { data: null, success: false, message: "Not from Backtalk" });
  } else if (request.method !== "POST" || !answer) {
    reply(404, { data: null, success: false, message: "No such answer" });
  } else {
    const data = answer(JSON.parse(body));
    reply(200, { data, success: true, message: "Successful", attributes: { visited_shop: true }, status: 200 });
  }
});

server.listen(Number(process.env.PORT || 3000), "127.0.0.1");
