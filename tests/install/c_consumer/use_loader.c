/* Opens a model file and runs it, in C, with the installed package. */
#include <stdio.h>
#include <stdlib.h>

#include "passerelle/loader/passerelle.h"

static int failed(const passerelle_error* error) {
  puts(error->message);
  return 1;
}

int main(int count, char** arguments) {
  passerelle_model* model = NULL;
  passerelle_nnapi* nnapi = NULL;
  passerelle_compilation* compilation = NULL;
  passerelle_port_info image = {.struct_size = sizeof image}, mask = {.struct_size = sizeof mask};
  passerelle_error error;
  if (count != 3) return 2;
  if (passerelle_model_open_path(arguments[1], &model, &error) != PASSERELLE_OK) return failed(&error);
  if (passerelle_model_describe_input(model, 0, &image, &error) != PASSERELLE_OK) return failed(&error);
  if (passerelle_model_describe_output(model, 0, &mask, &error) != PASSERELLE_OK) return failed(&error);
  if (passerelle_nnapi_open(arguments[2], &nnapi, &error) != PASSERELLE_OK) return failed(&error);
  if (passerelle_compile(model, nnapi, NULL, &compilation, &error) != PASSERELLE_OK) return failed(&error);
  passerelle_input in = {.data = calloc(1, image.byte_size), .size = image.byte_size};
  passerelle_output out = {.data = malloc(mask.byte_size), .size = mask.byte_size};
  if (passerelle_run(compilation, &in, 1, &out, 1, &error) != PASSERELLE_OK) return failed(&error);
  printf("ran from C: %s, %zu bytes\n", mask.name, mask.byte_size);
  passerelle_compilation_close(compilation);
  passerelle_nnapi_close(nnapi);
  passerelle_model_close(model);
  free((void*)in.data);
  free(out.data);
  return 0;
}
