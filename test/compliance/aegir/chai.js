import * as chai from 'chai'
import promises from 'chai-as-promised'
import bites from 'chai-bites'
import parentheses from 'chai-parentheses'

chai.use(bites)
chai.use(promises)
chai.use(parentheses)

export const { expect, assert } = chai
