// Writes: a request becomes one op, and with an Idempotency-Key always the same one (SPEC K6).
//
//   body, If-Match -> op made on trial: what is malformed is answered at once
//   with a key     -> claim: first seen?  go on      answered?  that answer      another body?  422
//                            begun before, not answered: the op of then, to the bit
//   judged         -> answer kept under the key -> answered
//
// The op's ids, salt and time come from the record alone, so that a request that comes again after a crash between
// commit and answer meets its own receipt (K2).
#include <algorithm>

#include "onering/domain/sha256.h"
#include "onering/system/system.h"

#include "json-in.h"
#include "json-out.h"
#include "route.h"

namespace onering::server {

namespace {

namespace json = boost::json;

constexpr std::chrono::hours kKeyKept{24};

// The request, and the record that its op is made of.
struct Write {
  Api& api;
  SharedExchange exchange;
  const WriteHandler& handler;
  json::object body;
  std::string expect;    // the etag that the draft must have; empty: any
  RequestRecord record;  // without an Idempotency-Key: kept nowhere
  bool isKept = false;

  void answer(HttpResponse response) const {
    if (isKept) {
      api.running().erase(record.key);
    }
    exchange->done(std::move(response));
  }
  void refuse(const Rejection& why) const { answer(errorResponse(why)); }
};
using SharedWrite = std::shared_ptr<Write>;

// --- what the request says -----------------------------------------------------------------------------------------

// 1 to 255 visible characters of ASCII; quotes around them do not count (they are how a structured header says text).
std::optional<std::string> parseKey(std::string_view header) {
  constexpr std::size_t kLengthMax = 255;
  if (header.size() >= 2 && header.front() == '"' && header.back() == '"') {
    header = header.substr(1, header.size() - 2);
  }
  const bool visible = std::ranges::all_of(header, [](char c) { return c > ' ' && c <= '~'; });
  return !header.empty() && header.size() <= kLengthMax && visible ? std::optional<std::string>(header) : std::nullopt;
}

// One etag as H4 writes it, or `*`, which says no more than that there is a draft.
std::optional<std::string> parseExpect(std::string_view ifMatch) {
  if (ifMatch.empty() || ifMatch == "*") {
    return "";
  }
  const bool isTag =
      ifMatch.size() > 2 && ifMatch.front() == '"' && ifMatch.back() == '"' && std::ranges::count(ifMatch, '"') == 2;
  return isTag ? std::optional<std::string>(ifMatch) : std::nullopt;
}

Digest requestDigest(const HttpRequest& request) {
  return Sha256()
      .addFramed(request.method)
      .addFramed(request.target)
      .addFramed(request.ifMatch)
      .addFramed(request.body)
      .finish();
}

// --- the op --------------------------------------------------------------------------------------------------------

// An id that follows from `of`: the same for the same op, on every server.
template <typename IdType>
IdType derivedId(std::string_view what, std::span<const std::uint8_t> of, Time at) {
  const Digest digest = Sha256().add("onering/http/1").addFramed(what).add(of).finish();
  return IdType{uuidV7(at, std::span(digest).first<10>())};
}

RequestRecord newRecord(Entropy& entropy, Time now) {
  std::array<std::uint8_t, 10> random{};
  entropy.fill(random);
  RequestRecord record{.key = {}, .op = OpId{uuidV7(now, random)}, .createdAt = now};
  entropy.fill(record.salt);
  return record;
}

std::expected<Op, Rejection> makeOp(const Write& write) {
  const Exchange& exchange = *write.exchange;
  const RequestRecord& record = write.record;
  json::object body = write.body;
  bool twice = false;
  const auto put = [&](std::string_view name, std::string_view value) {
    twice = !body.emplace(name, value).second || twice;
  };
  if (exchange.path.user) {
    put("user", *exchange.path.user);
  }
  const bool isPost = exchange.route->method == "POST";
  const bool appends = isPost && exchange.route->pattern.ends_with("/segments");
  const bool invites = isPost && exchange.route->pattern.ends_with("/invites");
  if (exchange.path.segment) {
    put("segment", toText(*exchange.path.segment));
  } else if (appends) {
    put("segment", toText(derivedId<SegmentId>("segment", record.op.bytes, record.createdAt)));
  }
  if (exchange.path.invite) {
    put("invite", toText(*exchange.path.invite));
  } else if (invites) {
    put("invite", toText(derivedId<InviteId>("invite", record.op.bytes, record.createdAt)));
  }
  if (twice) {
    return std::unexpected(rejection(ErrorCode::protocolError, "What the address says is not said again in the body."));
  }
  auto read = write.handler.read(body);
  if (!read) {
    return std::unexpected(std::move(read.error()));
  }
  if (auto* append = std::get_if<AppendSegment>(&*read)) {
    append->content = sealContent(std::move(append->content.text), record.salt);
  }
  if (auto* invite = std::get_if<CreateInvite>(&*read); invite && invite->lifetime == Duration{}) {
    invite->lifetime = kInviteLifetime;
  }
  if (auto* acceptance = std::get_if<AcceptInvite>(&*read)) {
    acceptance->tokenHash = tokenHash(*acceptance->token);
  }
  return Op{.id = record.op,
            .draft = exchange.path.draft.value_or(derivedId<DraftId>("draft", record.op.bytes, record.createdAt)),
            .actor = exchange.by.user,
            .device = derivedId<DeviceId>("device", asBytes(exchange.by.user), timeFromMs(0)),
            .authoredAt = record.createdAt,
            .body = *std::move(read)};
}

// --- the answer ----------------------------------------------------------------------------------------------------

// What an answer's body says once more in the headers.
void addHeaders(HttpResponse& response) {
  const auto body = parseBody(std::string_view(response.body));
  if (response.status >= 300 || !body) {
    return;
  }
  const auto text = [&](std::string_view name) {
    const auto* value = body->if_contains(name);
    return value && value->is_string() ? std::string(std::string_view(value->get_string())) : std::string();
  };
  response.headers.emplace_back("ETag", text("etag"));
  if (response.status == 201) {
    response.headers.emplace_back("Location", "/api/drafts/" + text("draft"));
  }
}

HttpResponse responseFor(const RequestAnswer& answer, bool replayed) {
  HttpResponse response = jsonResponse(answer.status, answer.body);
  addHeaders(response);
  if (replayed) {
    response.headers.emplace_back("Idempotency-Replayed", "true");
  }
  return response;
}

RequestAnswer answerFor(const Write& write, const Op& op, const Receipt& receipt) {
  if (const auto* why = std::get_if<Rejection>(&receipt)) {
    HttpResponse response = errorResponse(*why);
    return {static_cast<std::uint16_t>(response.status), std::move(response.body)};
  }
  WriteReceipt said{.draft = op.draft,
                    .op = op.id,
                    .accepted = std::get<Accepted>(receipt),
                    .segment = segmentOf(op),
                    .invite = inviteOf(op)};
  JsonOut out;
  out.add(said);
  return {static_cast<std::uint16_t>(write.handler.status), std::move(out).take()};
}

// A verdict that says nothing about the op, which may therefore come again under the same key.
bool isTransient(const Receipt& receipt) {
  const auto* why = std::get_if<Rejection>(&receipt);
  return why && (why->code == ErrorCode::unavailable || why->code == ErrorCode::internal ||
                 why->code == ErrorCode::rateLimited);
}

void judged(const SharedWrite& write, const Op& op, const Receipt& receipt) {
  if (isTransient(receipt)) {
    write->refuse(std::get<Rejection>(receipt));
    return;
  }
  RequestAnswer answer = answerFor(*write, op, receipt);
  if (!write->isKept) {
    write->answer(responseFor(answer, false));
    return;
  }
  write->api.service().ask(CompleteQuestion{write->record.key, write->record.op, answer},
                           [write, answer](StoreAnswer given) {
                             // Could it not be kept, the op is in the log all the same, and a repetition meets its
                             // receipt there.
                             const auto& kept = std::get<CompleteAnswer>(given);
                             write->answer(responseFor(kept && *kept ? **kept : answer, false));
                           });
}

void submit(const SharedWrite& write) {
  auto op = makeOp(*write);
  if (!op) {
    write->refuse(op.error());
    return;
  }
  const Journal& log = write->api.service().log();
  if (log.wants(LogLevel::debug)) {
    log(LogLevel::debug, "submitted an op",
        {{"request", write->exchange->id}, {"op", toText(op->id)}, {"draft", toText(op->draft)}});
  }
  write->api.service().submit(write->exchange->by, *op, write->expect,
                              [write, op = *op](const Receipt& receipt) { judged(write, op, receipt); });
}

void claimed(const SharedWrite& write, const ClaimAnswer& claim) {
  if (!claim) {
    write->refuse(rejection(errorOf(claim.error().fault)));
    return;
  }
  if (const auto& before = *claim) {
    if (before->request != write->record.request) {
      write->refuse(rejection(ErrorCode::idempotencyKeyReused,
                              "This Idempotency-Key was used for another request. Use a new one for each request."));
      return;
    }
    if (before->answer) {
      write->answer(responseFor(*before->answer, true));
      return;
    }
    write->record = *before;
  }
  submit(write);
}

// Whether the request has a key and it is free; when not, the request has been answered.
bool takeKey(const SharedWrite& write) {
  const HttpRequest& request = write->exchange->request;
  const auto key = parseKey(request.idempotencyKey);
  if (!key) {
    write->refuse(rejection(ErrorCode::idMalformed, "An Idempotency-Key is 1-255 visible ASCII characters."));
    return false;
  }
  std::string scope = write->exchange->by.user;
  scope.append(" ").append(write->exchange->route->method).append(" ").append(write->exchange->route->pattern);
  write->record.key = {std::move(scope), *key};
  write->record.request = requestDigest(request);
  if (!write->api.running().insert(write->record.key).second) {
    write->refuse(rejection(ErrorCode::idTaken,
                            "A request with this Idempotency-Key is being worked on. Ask again in a moment."));
    return false;
  }
  write->isKept = true;
  return true;
}

}  // namespace

void performWrite(Api& api, const SharedExchange& exchange, const WriteHandler& handler) {
  const HttpRequest& request = exchange->request;
  auto query = Query::parse(request.target, {});
  auto body = parseBody(request.body);
  const auto expect = parseExpect(request.ifMatch);
  const auto write = std::make_shared<Write>(Write{.api = api,
                                                   .exchange = exchange,
                                                   .handler = handler,
                                                   .body = body.value_or(json::object{}),
                                                   .expect = expect.value_or(""),
                                                   .record = newRecord(api.entropy(), exchange->now)});
  if (!query || !body) {
    write->refuse(query ? body.error() : query.error());
    return;
  }
  if (!expect) {
    write->refuse(rejection(ErrorCode::protocolError, "If-Match takes one etag, in its quotes, or *."));
    return;
  }
  if (const auto op = makeOp(*write); !op) {
    write->refuse(op.error());
    return;
  }
  if (!request.hasIdempotencyKey) {
    submit(write);
  } else if (takeKey(write)) {
    api.service().ask(ClaimQuestion{write->record, write->record.createdAt - kKeyKept},
                      [write](StoreAnswer given) { claimed(write, std::get<ClaimAnswer>(given)); });
  }
}

}  // namespace onering::server
