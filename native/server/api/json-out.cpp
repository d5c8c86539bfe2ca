#include "json-out.h"

namespace onering::server {

std::string_view nameOf(Role role) {
  switch (role) {
    case Role::viewer:
      return "viewer";
    case Role::editor:
      return "editor";
    case Role::owner:
      break;
  }
  return "owner";
}

std::string_view nameOf(DraftStatus status) {
  switch (status) {
    case DraftStatus::active:
      return "active";
    case DraftStatus::locked:
      return "locked";
    case DraftStatus::completed:
      break;
  }
  return "completed";
}

std::string_view nameOf(PassKind kind) {
  switch (kind) {
    case PassKind::created:
      return "created";
    case PassKind::passed:
      return "passed";
    case PassKind::reclaimed:
      return "reclaimed";
    case PassKind::removed:
      break;
  }
  return "removed";
}

}  // namespace onering::server
