#include "shared-reads.h"

#include <tuple>
#include <utility>

namespace onering::server {

bool SharedReads::Less::operator()(const DraftQuestion& left, const DraftQuestion& right) const {
  const auto parts = [](const DraftQuestion& question) {
    return std::tie(question.draft, question.user, question.segmentsFrom, question.segmentsEnd,
                    question.segmentBytesMax, question.passesFrom, question.passCount);
  };
  return parts(left) < parts(right);
}

void SharedReads::ask(const DraftQuestion& question, Answered answered) {
  const auto [at, isNew] = readings_.try_emplace(question);
  auto& [asked, waiting] = at->second;
  (isNew ? asked : waiting).push_back(std::move(answered));
  if (isNew) {
    read(question);
  }
}

void SharedReads::read(const DraftQuestion& question) {
  read_(question, [this, question](DraftAnswer view) { answer(question, std::move(view)); });
}

void SharedReads::answer(const DraftQuestion& question, DraftAnswer view) {
  const auto at = readings_.find(question);
  const auto asked = std::exchange(at->second.asked, std::exchange(at->second.waiting, {}));
  if (at->second.asked.empty()) {
    readings_.erase(at);
  } else {
    read(question);
  }
  const auto answer = std::make_shared<Answer>(std::move(view));
  for (const Answered& answered : asked) {
    answered(answer);
  }
}

}  // namespace onering::server
