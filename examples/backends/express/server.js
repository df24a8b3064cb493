// A small shop that answers Backtalk, with Express.
//
//   npm ci
//   SHOP_TOKEN=… SHOP_SIGNING_SECRET=whsec_… node server.js
//
// Make one API per answer: POST http://HOST:3000/text, /image, /gallery, /buttons and /quick-replies, each with the
// header X-Secret-Token. The signing secret is in the workspace's settings.
"use strict";

const { createHmac, timingSafeEqual } = require("node:crypto");
const express = require("express");

const TOKEN = process.env.SHOP_TOKEN;
const SIGNING_KEY = Buffer.from(process.env.SHOP_SIGNING_SECRET.replace(/^whsec_/, ""), "base64");
const PRODUCTS = { Apples: "2.50", Pears: "3.00" };
const BUY_SEQUENCE = 2; // the id of a sequence of your bot

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

const app = express();
app.use(express.raw({ type: "application/json", limit: "1mb" })); // the signature is over the raw bytes
app.use((request, response, next) => {
  if (!Buffer.isBuffer(request.body) || !isFromBacktalk(request.headers, request.body)) {
    response.status(401).json({ data: null, success: false, message: "Not from Backtalk" });
    return;
  }
  request.customer = JSON.parse(request.body);
  next();
});

const buy = (name, title) => ({ title, type: "sequence", value: BUY_SEQUENCE, extra: `product=${name}` });

function answer(path, dataFor) {
  app.post(path, (request, response) => {
    const data = dataFor(request.customer);
    response.json({ data, success: true, message: "Successful", attributes: { visited_shop: true }, status: 200 });
  });
}

answer("/text", (customer) => `Hello ${customer.first_name || "there"}!\nWe have ${Object.keys(PRODUCTS).join(", ")}.`);
answer("/image", () => ({ type: "image", url: "https://example.com/shop.jpg" }));
answer("/gallery", () =>
  Object.entries(PRODUCTS).map(([name, price]) => ({
    title: name,
    subtitle: price,
    image: `https://example.com/${name}.jpg`,
    url: `https://example.com/${name}`,
    buttons: [buy(name, "Buy")],
  })),
);
answer("/buttons", () => [
  { title: "Our shop", type: "url", value: "https://example.com/" },
  { title: "Call us", type: "phone", value: "+4930123456" },
]);
answer("/quick-replies", () => Object.keys(PRODUCTS).map((name) => buy(name, `Buy ${name}`)));

app.listen(Number(process.env.PORT || 3000), "127.0.0.1");
