<?php
// A small shop that answers Backtalk, with nothing but PHP 8.
//
//   SHOP_TOKEN=… SHOP_SIGNING_SECRET=whsec_… php -S 127.0.0.1:3000 index.php
//
// Make one API per answer: POST http://HOST:3000/text, /image, /gallery, /buttons and /quick-replies, each with the
// header X-Secret-Token. The signing secret is in the workspace's settings.
declare(strict_types=1);

const PRODUCTS = ['Apples' => '2.50', 'Pears' => '3.00'];
const BUY_SEQUENCE = 2; // the id of a sequence of your bot

function buy(string $name, string $title): array
{
    return ['title' => $title, 'type' => 'sequence', 'value' => BUY_SEQUENCE, 'extra' => "product=$name"];
}

// The secret token fits, and the signature (https://www.standardwebhooks.com) is right and at most five minutes old.
function isFromBacktalk(string $body): bool
{
    $header = fn (string $name): string => $_SERVER["HTTP_$name"] ?? '';
    $key = base64_decode(substr(getenv('SHOP_SIGNING_SECRET'), strlen('whsec_')));
    $signed = "{$header('WEBHOOK_ID')}.{$header('WEBHOOK_TIMESTAMP')}.$body";
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
    $inTime = abs(time() - (int) $header('WEBHOOK_TIMESTAMP')) < 300;
    $fits = false;
    foreach (explode(' ', $header('WEBHOOK_SIGNATURE')) as $signature) {
        $fits = $fits || hash_equals($expected, $signature);
    }
    return $fits && $inTime && hash_equals(getenv('SHOP_TOKEN'), $header('X_SECRET_TOKEN'));
}

function reply(int $status, mixed $data, bool $success, string $message): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    // An empty PHP array would be written as []: `(object)` makes it {}.
    $attributes = (object) ($success ? ['visited_shop' => true] : []);
    echo json_encode(compact('data', 'success', 'message', 'attributes', 'status'), JSON_THROW_ON_ERROR);
}

$body = file_get_contents('php://input');
if (!isFromBacktalk($body)) {
    reply(401, null, false, 'Not from Backtalk');
    return;
}
$customer = json_decode($body, true, 64, JSON_THROW_ON_ERROR);

$data = match (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    '/text' => 'Hello ' . ($customer['first_name'] ?: 'there') . "!\nWe have " . implode(', ', array_keys(PRODUCTS)) . '.',
    '/image' => ['type' => 'image', 'url' => 'https://example.com/shop.jpg'],
    '/gallery' => array_map(fn (string $name): array => [
        'title' => $name,
        'subtitle' => PRODUCTS[$name],
        'image' => "https://example.com/$name.jpg",
        'url' => "https://example.com/$name",
        'buttons' => [buy($name, 'Buy')],
    ], array_keys(PRODUCTS)),
    '/buttons' => [
        ['title' => 'Our shop', 'type' => 'url', 'value' => 'https://example.com/'],
        ['title' => 'Call us', 'type' => 'phone', 'value' => '+4930123456'],
    ],
    '/quick-replies' => array_map(fn (string $name): array => buy($name, "Buy $name"), array_keys(PRODUCTS)),
    default => null,
};

if ($data === null) {
    reply(404, null, false, 'No such answer');
} else {
    reply(200, $data, true, 'Successful');
}
