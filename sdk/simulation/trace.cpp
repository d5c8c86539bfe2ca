#include "trace.h"

namespace onering::simulation {

namespace {

template <typename Tag>
std::string brief(const Id<Tag>& id) {
  return toText(id).substr(32);
}

std::string brief(const LogPosition& position) {
  return std::to_string(position.seq) + '-' + toHex(position.link).substr(0, 4);
}

std::string brief(const Op& op) {
  std::string text(opName(op.body));
  text += ' ' + brief(op.id) + " of " + op.actor + " in " + brief(op.draft);
  if (const auto* append = std::get_if<AppendSegment>(&op.body)) {
    text += " segment " + brief(append->segment) + " epoch " + std::to_string(append->epoch);
  } else if (const auto* pass = std::get_if<PassRing>(&op.body)) {
    text += " to " + pass->to + " epoch " + std::to_string(pass->epoch);
  } else if (const auto* reclaim = std::get_if<ReclaimRing>(&op.body)) {
    text += " epoch " + std::to_string(reclaim->epoch);
  } else if (const auto* added = std::get_if<AddCollaborator>(&op.body)) {
    text += ' ' + added->user;
  } else if (const auto* role = std::get_if<SetRole>(&op.body)) {
    text += ' ' + role->user;
  } else if (const auto* removed = std::get_if<RemoveCollaborator>(&op.body)) {
    text += ' ' + removed->user;
  } else if (const auto* redacted = std::get_if<RedactSegment>(&op.body)) {
    text += " segment " + brief(redacted->segment);
  } else if (const auto* invited = std::get_if<CreateInvite>(&op.body)) {
    text += " invite " + brief(invited->invite);
  } else if (const auto* revoked = std::get_if<RevokeInvite>(&op.body)) {
    text += " invite " + brief(revoked->invite);
  } else if (const auto* accepted = std::get_if<AcceptInvite>(&op.body)) {
    text += " invite " + brief(accepted->invite);
  }
  return text;
}

std::string brief(const SnapshotProgress& progress) {
  return std::to_string(progress.passes) + '/' + std::to_string(progress.passesEnd) + " passes " +
         std::to_string(progress.segments) + '/' + std::to_string(progress.segmentsEnd) + " segments";
}

std::string brief(const ChangeCursor& cursor) {
  return std::to_string(toMs(cursor.since)) + '/' + brief(cursor.after);
}

struct Describe {
  std::string operator()(const Hello& message) const { return "Hello device " + brief(message.device); }
  std::string operator()(const RefreshToken& /*message*/) const { return "RefreshToken"; }
  std::string operator()(const Push& message) const {
    std::string text = message.restart ? "Push restart" : "Push";
    for (const Op& op : message.ops) {
      text += " [" + brief(op) + ']';
    }
    return text;
  }
  std::string operator()(const WhatChanged& message) const { return "WhatChanged from " + brief(message.from); }
  std::string operator()(const Fetch& message) const {
    std::string text = "Fetch " + brief(message.draft) + " have " + brief(message.have);
    if (message.snapshotAt) {
      text += " snapshot of " + brief(*message.snapshotAt) + " from " + brief(message.progress);
    }
    return text;
  }
  std::string operator()(const Ping& message) const { return "Ping " + std::to_string(message.id); }

  std::string operator()(const Present& message) const {
    constexpr std::array<std::string_view, 3> kNames{"away", "here", "typing"};
    return "Present " + brief(message.draft) + ' ' +
           std::string(kNames.at(static_cast<std::size_t>(message.attention)));
  }

  std::string operator()(const Welcome& message) const { return "Welcome " + message.user; }
  std::string operator()(const Refused& message) const { return "Refused " + std::string(errorName(message.why.code)); }
  std::string operator()(const Receipts& message) const {
    std::string text = "Receipts";
    for (const OpReceipt& receipt : message.receipts) {
      text += " [" + brief(receipt.op) + ' ';
      if (const auto* accepted = std::get_if<Accepted>(&receipt.receipt)) {
        text += brief(LogPosition{accepted->seq, accepted->link});
      } else {
        text += errorName(std::get<Rejection>(receipt.receipt).code);
      }
      text += ']';
    }
    return text;
  }
  std::string operator()(const Changed& message) const {
    std::string text = message.more ? "Changed (more follows)" : "Changed";
    for (const DraftPosition& draft : message.drafts) {
      text += " [" + brief(draft.draft) + " at " + brief(draft.position) + ']';
    }
    for (const DraftId& draft : message.removed) {
      text += " [" + brief(draft) + " removed]";
    }
    return text + " next " + brief(message.next);
  }
  std::string operator()(const Entries& message) const {
    std::string text = "Entries " + brief(message.draft) + " after " + brief(message.before);
    for (const LogEntry& entry : message.entries) {
      text += " [" + brief(entry.position()) + ' ' + brief(entry.op) + ']';
    }
    return text + " head " + brief(message.head) + (message.more ? " more" : "");
  }
  std::string operator()(const SnapshotPart& message) const {
    return "SnapshotPart " + brief(message.draft) + " at " + brief(message.at) + (message.state ? " with state" : "") +
           " from " + brief(message.progress) + " + " + std::to_string(message.passes.size()) + " passes " +
           std::to_string(message.segments.size()) + " segments" + (message.more ? " more" : "");
  }
  std::string operator()(const Gone& message) const { return "Gone " + brief(message.draft); }
  std::string operator()(const Diverged& message) const {
    return "Diverged " + brief(message.draft) + " head " + brief(message.head);
  }
  std::string operator()(const Presence& message) const {
    std::string text = "Presence " + brief(message.draft);
    for (const Person& person : message.people) {
      text += ' ' + person.user + (person.isTyping ? " types" : "");
    }
    return text;
  }
  std::string operator()(const CatchUp& /*message*/) const { return "CatchUp"; }
  std::string operator()(const Pong& message) const { return "Pong " + std::to_string(message.id); }
};

}  // namespace

void Trace::begin(Time at) {
  const std::int64_t ms = (at - start_).count();
  std::string seconds = std::to_string(ms / 1'000);
  std::string fraction = std::to_string(ms % 1'000);
  seconds.insert(0, seconds.size() < 5 ? 5 - seconds.size() : 0, ' ');
  fraction.insert(0, 3 - fraction.size(), '0');
  text_ += seconds + '.' + fraction + "  ";
}

void Trace::put(const Op& op) {
  text_ += brief(op);
}

void Trace::put(const LogPosition& position) {
  text_ += brief(position);
}

void Trace::put(const ReplicaMessage& message) {
  text_ += std::visit(Describe{}, message);
}

void Trace::put(const AuthorityMessage& message) {
  text_ += std::visit(Describe{}, message);
}

}  // namespace onering::simulation
