// The errors of an answer as the client is told them: each has a code, and internal text stays in
// the log (H2).

import { type ExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { PROBLEMS, problemOfFault } from '../http/problems.ts';

/** `onFault` gets what is told as `internal`: a defect. */
export function toldErrors(
  errors: readonly GraphQLError[],
  onFault: (fault: unknown) => void,
): GraphQLFormattedError[] {
  return errors.map((error) => {
    const { originalError: fault, locations, path, extensions } = error;
    const at = { ...(locations && { locations }), ...(path && { path }) };
    if (fault !== undefined && fault !== null && !(fault instanceof GraphQLError)) {
      const { code } = problemOfFault(fault);
      if (code === 'internal') onFault(fault);
      return { message: PROBLEMS[code].title, ...at, extensions: { code } };
    }
    return {
      message: error.message,
      ...at,
      extensions: { code: 'invalid-request', ...extensions },
    };
  });
}

/** An answer as it is sent: errors first, as they are told. */
export function encoded(
  { errors, ...rest }: ExecutionResult,
  onFault: (fault: unknown) => void,
): string {
  return JSON.stringify(
    errors === undefined ? rest : { errors: toldErrors(errors, onFault), ...rest },
  );
}
