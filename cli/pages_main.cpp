// passerelle-pages: writes the manual page and the completions of shells into a folder. Run while building.
#include <cstdio>
#include <fstream>
#include <string>

#include "app.h"
#include "pages.h"

int main(int argc, char** argv) {
  using namespace passerelle::cli;
  if (argc != 2) {
    std::fputs("usage: passerelle-pages FOLDER\n", stderr);
    return 2;
  }
  CLI::App app("Carries a TorchScript model across to Android's Neural Networks API.", "passerelle");
  Common common;
  const Actions actions = build(app, common);
  const std::pair<const char*, std::string> pages[] = {{"passerelle.1", manual_page(app)},
                                                       {"passerelle.bash", bash_completion(app)},
                                                       {"_passerelle", zsh_completion(app)},
                                                       {"passerelle.fish", fish_completion(app)}};
  for (const auto& [name, text] : pages) {
    std::ofstream file(std::string(argv[1]) + "/" + name, std::ios::binary);
    if (!(file << text).flush()) {
      std::fprintf(stderr, "passerelle-pages: cannot write %s/%s\n", argv[1], name);
      return 7;
    }
  }
  return 0;
}
