// Opens a model file with the installed package.
#include <cstdio>

#include "passerelle/loader/passerelle.hpp"

int main(int, char** argv) {
  passerelle::loader::Error error;
  auto model = passerelle::loader::Model::open(argv[1], error);
  if (!model) return std::puts(error.message()), 1;
  std::printf("input %s, output %s\n", model.input(0).name, model.output(0).name);
  return model.info().input_count == 1 ? 0 : 1;
}
