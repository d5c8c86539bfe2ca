// Reads: each asks the store one question and writes its answer.
#include <algorithm>
#include <limits>

#include "json-out.h"
#include "route.h"

namespace onering::server {

namespace {

constexpr std::uint32_t kPageDefault = 100;
constexpr std::uint32_t kPageMax = 1'000;
constexpr std::size_t kPageBytesMax = 1U << 20U;
constexpr std::size_t kListBytesMax = kPageBytesMax / 2;  // of what is as long as people make it; the rest is counted

std::optional<std::uint32_t> parseLimit(std::string_view text) {
  const auto number = parseNumber(text);
  const bool good = number && *number >= 1 && *number <= kPageMax;
  return good ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

// The number behind which a page begins, as the number with which it begins.
std::optional<std::uint32_t> parseBehind(std::string_view text) {
  const auto number = parseNumber(text);
  const bool good = number && *number < std::numeric_limits<std::uint32_t>::max();
  return good ? std::optional(static_cast<std::uint32_t>(*number) + 1) : std::nullopt;
}

std::expected<std::uint32_t, Rejection> limitOf(const Exchange& exchange) {
  return exchange.query.read<std::uint32_t>("limit", kPageDefault, parseLimit);
}

// Whether the query can be understood; if not, the exchange has been answered.
bool understand(Exchange& exchange, std::initializer_list<std::string_view> known, std::string_view many = "") {
  auto query = Query::parse(exchange.request.target, known, many);
  if (!query) {
    exchange.done(errorResponse(query.error()));
    return false;
  }
  exchange.query = std::move(*query);
  auto now = exchange.query.read<Time>("now", exchange.now, parseTime);
  if (!now) {
    exchange.done(errorResponse(now.error()));
    return false;
  }
  exchange.now = *now;
  return true;
}

HttpResponse faultResponse(const StoreError& error) {
  return errorResponse(rejection(errorOf(error.fault)));
}

// Asks `question` and answers with what `write` makes of the answer, or with what went wrong.
template <typename Answer, typename Write>
void ask(Api& api, const SharedExchange& exchange, StoreQuestion question, Write write) {
  api.service().ask(std::move(question), [exchange, write = std::move(write)](StoreAnswer given) {
    auto& answer = std::get<Answer>(given);
    exchange->done(answer ? write(*exchange, *answer) : faultResponse(answer.error()));
  });
}

// Whether the client has what the draft says at this position.
bool isKnown(const Exchange& exchange, const LogPosition& position) {
  const std::string_view known = exchange.request.ifNoneMatch;
  return known == "*" || known.contains(etagOf(position));
}

// `body()` with the draft's etag, or 304 where the client has it.
template <typename Body>
HttpResponse tagged(const Exchange& exchange, const LogPosition& position, Body body) {
  const bool known = isKnown(exchange, position);
  HttpResponse response = jsonResponse(known ? 304 : 200, known ? std::string() : body());
  response.headers.emplace_back("ETag", etagOf(position));
  std::ranges::find(response.headers, "Cache-Control", &std::pair<std::string, std::string>::first)->second =
      "private, no-cache";
  return response;
}

// Asks for a part of a draft and answers with what `write` makes of it (SPEC I10, O11).
template <typename Write>
void askDraft(Api& api, const SharedExchange& exchange, DraftPart part, DraftQuestion question, Write write) {
  question.user = exchange->by.user;
  question.draft = *exchange->path.draft;
  api.pages().ask(part, std::move(question), [exchange, write = std::move(write)](const DraftPages::Answer& answer) {
    if (!answer) {
      exchange->done(faultResponse(answer.error()));
    } else if (!*answer) {
      exchange->done(errorResponse(rejection(ErrorCode::notFound)));
    } else if ((*answer)->state.deletedAt) {
      exchange->done(errorResponse(rejection(ErrorCode::draftDeleted)));
    } else {
      exchange->done(write(*exchange, **answer));
    }
  });
}

// As it stands in the page.
HttpResponse wholePage(const Exchange& exchange, const DraftPage& page) {
  return tagged(exchange, page.state.position, [&] { return page.body; });
}

void readEvents(Api& api, const SharedExchange& exchange, EventQuery query) {
  const auto& parameters = exchange->query;
  const auto limit = limitOf(*exchange);
  const auto from = parameters.read<Time>("from", Time::min(), parseTime);
  const auto until = parameters.read<Time>("until", exchange->now, parseTime);
  const auto after = parameters.read<std::optional<EventKey>>("after", std::nullopt, parseEventCursor);
  for (const std::string& name : parameters.all("type")) {
    const auto type = eventFromName(name);
    if (!type) {
      exchange->done(errorResponse(Query::wrong("type")));
      return;
    }
    query.types.push_back(*type);
  }
  for (const Rejection* wrong : {limit ? nullptr : &limit.error(), from ? nullptr : &from.error(),
                                 until ? nullptr : &until.error(), after ? nullptr : &after.error()}) {
    if (wrong) {
      exchange->done(errorResponse(*wrong));
      return;
    }
  }
  query.countMax = *limit;
  query.from = *from;
  query.until = *until;
  query.after = *after;
  ask<EventsAnswer>(api, exchange, EventsQuestion{exchange->by.user, std::move(query)},
                    [](const Exchange&, const std::optional<EventPage>& page) {
                      if (!page) {
                        return errorResponse(rejection(ErrorCode::notFound));
                      }
                      return jsonResponse(200, jsonObject([&](auto&& field) {
                                            field("events", page->events);
                                            field("next",
                                                  page->next ? std::optional(cursorText(*page->next)) : std::nullopt);
                                          }));
                    });
}

}  // namespace

void listDrafts(Api& api, const SharedExchange& exchange) {
  if (!understand(*exchange, {"after", "limit"})) {
    return;
  }
  const auto limit = limitOf(*exchange);
  const auto after = exchange->query.read<std::optional<DraftListKey>>("after", std::nullopt, parseDraftCursor);
  if (!limit || !after) {
    exchange->done(errorResponse(limit ? after.error() : limit.error()));
    return;
  }
  ask<ListAnswer>(api, exchange, ListQuestion{exchange->by.user, *after, *limit, kListBytesMax},
                  [](const Exchange&, const DraftList& page) {
                    const auto next = [&] { return cursorText({page.drafts.back().updatedAt, page.drafts.back().id}); };
                    return jsonResponse(200, jsonObject([&](auto&& field) {
                                          field("drafts", page.drafts);
                                          field("next", page.more ? std::optional(next()) : std::nullopt);
                                        }));
                  });
}

void readDraft(Api& api, const SharedExchange& exchange) {
  if (!understand(*exchange, {})) {
    return;
  }
  askDraft(api, exchange, DraftPart::state, {}, wholePage);
}

void readSegments(Api& api, const SharedExchange& exchange) {
  if (!understand(*exchange, {"after", "limit"})) {
    return;
  }
  const auto limit = limitOf(*exchange);
  const auto from = exchange->query.read<std::uint32_t>("after", 0, parseBehind);
  if (!limit || !from) {
    exchange->done(errorResponse(limit ? from.error() : limit.error()));
    return;
  }
  DraftQuestion question;
  question.segmentsFrom = *from;
  question.segmentsEnd = *from + std::min(*limit, std::numeric_limits<std::uint32_t>::max() - *from);
  question.segmentBytesMax = kPageBytesMax;
  askDraft(api, exchange, DraftPart::segments, std::move(question), wholePage);
}

void readRing(Api& api, const SharedExchange& exchange) {
  if (!understand(*exchange, {"now"})) {
    return;
  }
  askDraft(api, exchange, DraftPart::state, {}, [](const Exchange& asked, const DraftPage& page) {
    const Duration held = std::max(asked.now - page.state.ring.since, Duration{});
    const Duration limit = page.state.holdLimit;
    HttpResponse response = jsonResponse(200, jsonObject([&](auto&& field) {
                                           Fields<Ring>::visit(field, page.state.ring);
                                           field("heldMs", held);
                                           field("holdLimitMs", limit);
                                           field("holdLimitOver", limit.count() > 0 && held > limit);  // O5
                                           field("computedAt", asked.now);
                                         }));
    response.headers.emplace_back("ETag", etagOf(page.state.position));
    return response;
  });
}

void readRingHistory(Api& api, const SharedExchange& exchange) {
  if (!understand(*exchange, {"after", "limit"})) {
    return;
  }
  const auto limit = limitOf(*exchange);
  // Line i has epoch i + 1: what comes behind epoch e begins with line e.
  const auto from = exchange->query.read<std::uint32_t>("after", 0, [](std::string_view text) {
    const auto behind = parseBehind(text);
    return behind ? std::optional(*behind - 1) : std::nullopt;
  });
  if (!limit || !from) {
    exchange->done(errorResponse(limit ? from.error() : limit.error()));
    return;
  }
  DraftQuestion question;
  question.passesFrom = *from;
  question.passCount = *limit;
  askDraft(api, exchange, DraftPart::passes, std::move(question), wholePage);
}

void readCollaborators(Api& api, const SharedExchange& exchange) {
  if (!understand(*exchange, {"after", "limit"})) {
    return;
  }
  const auto limit = limitOf(*exchange);
  if (!limit) {
    exchange->done(errorResponse(limit.error()));
    return;
  }
  const std::string after = exchange->query.get("after").value_or("");
  askDraft(api, exchange, DraftPart::state, {}, [after, limit = *limit](const Exchange& asked, const DraftPage& page) {
    return tagged(asked, page.state.position, [&] {
      const auto& members = page.state.members;
      const auto first = std::ranges::upper_bound(members, after, {}, &Member::user);
      const auto count = std::min<std::ptrdiff_t>(limit, members.end() - first);
      const std::vector<Member> some(first, first + count);
      const bool more = first + count != members.end();
      return jsonObject([&](auto&& field) {
        field("collaborators", some);
        field("next", more ? std::optional(some.back().user) : std::nullopt);
      });
    });
  });
}

void readDraftEvents(Api& api, const SharedExchange& exchange) {
  if (understand(*exchange, {"from", "until", "type", "after", "limit", "now"}, "type")) {
    readEvents(api, exchange, {.draft = exchange->path.draft});
  }
}

void readOwnEvents(Api& api, const SharedExchange& exchange) {
  if (understand(*exchange, {"from", "until", "type", "after", "limit", "now"}, "type")) {
    readEvents(api, exchange, {.user = exchange->by.user});
  }
}

void recordView(Api& api, const SharedExchange& exchange) {
  if (!understand(*exchange, {})) {
    return;
  }
  ask<ViewAnswer>(api, exchange, ViewQuestion{exchange->by.user, *exchange->path.draft, exchange->now},
                  [](const Exchange&, const std::optional<bool>& isNew) {
                    if (!isNew) {
                      return errorResponse(rejection(ErrorCode::notFound));
                    }
                    return jsonResponse(*isNew ? 201 : 200,
                                        jsonObject([&](auto&& field) { field("recorded", *isNew); }));
                  });
}

}  // namespace onering::server
