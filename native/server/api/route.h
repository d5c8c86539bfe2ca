// The table of everything under /api/: one line says method, address, who answers and how. A test holds
// docs/openapi.json against it.
#pragma once

#include <span>
#include <string_view>
#include <variant>

#include <boost/json/object.hpp>

#include "api.h"

namespace onering::server {

// Answers the exchange, now or later.
using ReadHandler = void (*)(Api&, const SharedExchange&);

// A request that becomes an op. `body`: what the request says, with what its address says put in.
struct WriteHandler {
  std::expected<OpBody, Rejection> (*read)(const boost::json::object& body);
  unsigned status;  // when it is accepted
};

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/api/drafts/{draft}"
  std::variant<ReadHandler, WriteHandler> handler;
};

[[nodiscard]] std::span<const Route> routes();

// The route for a method and a path, and what its pattern takes from it. notFound: there is no such address;
// protocolError: it knows other methods, which `allow` then lists; idMalformed: an id in it is none.
struct Routed {
  const Route* route = nullptr;
  PathValues path;
};
[[nodiscard]] std::expected<Routed, Rejection> routeOf(std::string_view method, std::string_view path,
                                                       std::string& allow);

// Makes the request an op and has it judged.
void performWrite(Api& api, const SharedExchange& exchange, const WriteHandler& handler);

// reads.cpp
void listDrafts(Api& api, const SharedExchange& exchange);
void readDraft(Api& api, const SharedExchange& exchange);
void readSegments(Api& api, const SharedExchange& exchange);
void readRing(Api& api, const SharedExchange& exchange);
void readRingHistory(Api& api, const SharedExchange& exchange);
void readCollaborators(Api& api, const SharedExchange& exchange);
void readDraftEvents(Api& api, const SharedExchange& exchange);
void readOwnEvents(Api& api, const SharedExchange& exchange);
void recordView(Api& api, const SharedExchange& exchange);

}  // namespace onering::server
