// A plug-in of clang-tidy (tests/tidy.mjs builds and loads it): its other checks look at what is declared outside of
// the system's headers only, where they otherwise walk through all of the standard library for each file, to throw away
// what they find there.
#include <clang-tidy/ClangTidyCheck.h>
#include <clang-tidy/ClangTidyModule.h>
#include <clang-tidy/ClangTidyModuleRegistry.h>

namespace onering {

namespace {

using clang::ast_matchers::MatchFinder;

class Scope final : public clang::tidy::ClangTidyCheck {
 public:
  using ClangTidyCheck::ClangTidyCheck;

  void registerMatchers(MatchFinder* finder) override {
    finder->addMatcher(clang::ast_matchers::translationUnitDecl().bind("all"), this);
  }

  // The first node that is visited. What is visited below it is the scope that it has afterwards.
  void check(const MatchFinder::MatchResult& found) override {
    const clang::SourceManager& sources = *found.SourceManager;
    std::vector<clang::Decl*> own;
    for (clang::Decl* declared : found.Context->getTranslationUnitDecl()->decls()) {
      if (!sources.isInSystemHeader(sources.getExpansionLoc(declared->getLocation()))) own.push_back(declared);
    }
    found.Context->setTraversalScope(own);
  }
};

class Module final : public clang::tidy::ClangTidyModule {
 public:
  void addCheckFactories(clang::tidy::ClangTidyCheckFactories& factories) override {
    factories.registerCheck<Scope>("onering-scope");
  }
};

const clang::tidy::ClangTidyModuleRegistry::Add<Module> added("onering", "What the other checks look at.");

}  // namespace

}  // namespace onering
